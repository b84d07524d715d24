"""The command line: `iotflow serve`, `migrate`, `create-admin`, `doctor`, `openapi`, `simulate`, `import`."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

import iotflow
from iotflow.settings import InvalidSettings, Settings, load_settings

FAILED = 1
MISUSED = 2
EXPECTED = {
    "username": "3 to 64 letters, digits, dots, dashes and underscores",
    "email": "an address like ada@example.org",
    "password": "10 to 1,000 characters",
}
LOCAL_SERVICE = "http://127.0.0.1:8000"
WAIT_OPTION = typer.Option(min=0, help="Keep trying for so many seconds to reach servers that do not answer yet.")
USERNAME_OPTION = typer.Option(help="Sign in as this user with IOTFLOW_PASSWORD; without it IOTFLOW_TOKEN signs in.")

app = typer.Typer(
    name="iotflow",
    help="IoTFlow: a telemetry back end for people with real devices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
errors = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command that the arguments name. The files that it makes are for this user alone."""
    os.umask(0o077)
    app()


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"iotflow {iotflow.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options of all commands."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes serve.")] = 1,
    tls_cert: Annotated[Path | None, typer.Option(help="A PEM file with the certificate chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="A PEM file with the certificate's key.")] = None,
    wait: Annotated[float, WAIT_OPTION] = 0,
) -> None:
    """Serve the API."""
    from iotflow.serving import ServingError, serve_forever

    settings = _settings()
    try:
        serve_forever(settings, host=host, port=port, workers=workers, tls_cert=tls_cert, tls_key=tls_key, wait_s=wait)
    except ServingError as error:
        _fail(str(error), MISUSED)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    wait: Annotated[float, WAIT_OPTION] = 0,
) -> None:
    """Bring the stores' schemas to what this version needs. It may run in two places at once."""
    from iotflow.administration import migrate as migrate_stores
    from iotflow.backends import BackendError

    settings = _settings()
    _prepare_data_dir(settings)
    try:
        migrations = asyncio.run(migrate_stores(settings, dry_run=dry_run, wait_s=wait))
    except BackendError as error:
        _fail(str(error), MISUSED)
    for migration in migrations:
        for warning in migration.warnings:
            _complain(f"warning: {warning}")
        if not migration.steps:
            typer.echo(f"{migration.store}: schema {migration.wanted} is current")
            continue
        would = "would go " if dry_run else ""
        typer.echo(f"{migration.store}: schema {would}{migration.stored or 'none'} -> {migration.wanted}")
        for step in migration.steps:
            typer.echo(f"  {step}")


@app.command()
def create_admin(
    username: Annotated[str, typer.Argument(help=f"The name to sign in with: {EXPECTED['username']}.")],
    email: Annotated[str, typer.Argument(help="The administrator's address.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
    ] = False,
) -> None:
    """Make an administrator. It works beside a running service."""
    from pydantic import ValidationError

    from iotflow.administration import make_admin
    from iotflow.api.schemas.accounts import Registration
    from iotflow.backends import BackendError
    from iotflow.domain.errors import Conflict, StoreUnavailable

    settings = _settings()
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_password()
    try:
        checked = Registration(username=username, email=email, password=password)
    except ValidationError as error:
        wrong = [str(problem["loc"][0]) for problem in error.errors(include_input=False)]
        _fail("\n".join(f"{field}: expected {EXPECTED[field]}" for field in wrong), MISUSED)
    _prepare_data_dir(settings)
    try:
        user = asyncio.run(make_admin(settings, checked.username, checked.email, checked.password))
    except BackendError as error:
        _fail(str(error), MISUSED)
    except Conflict as error:
        _fail(str(error), FAILED)
    except StoreUnavailable as error:
        _fail(f"the {error.store} store cannot be used: {error}", FAILED)
    typer.echo(f"administrator {user.username} ({user.user_id}) was made")


@app.command()
def doctor() -> None:
    """Check each store: whether it answers, how fast, and whether its schema is current."""
    from iotflow.administration import diagnose

    settings = _settings()
    _prepare_data_dir(settings)
    found = asyncio.run(diagnose(settings))
    table = Table("store", "backend", "reachable", "latency", box=None, pad_edge=False)
    table.add_column("schema", no_wrap=True)
    for store in found:
        reachable, latency = ("NO", "-") if store.latency_ms is None else ("yes", f"{store.latency_ms:.1f} ms")
        table.add_row(store.store, store.kind, reachable, latency, store.schema)
    Console().print(table, crop=False, overflow="ignore")
    for store in found:
        if store.problem is not None:
            _complain(str(store.problem))
        for warning in store.warnings:
            _complain(f"warning: {warning}")
    retention = f"{settings.retention_days} days" if settings.retention_days else "for good"
    typer.echo(f"telemetry received from now on is kept {retention}; what was received before keeps its own end")
    if not all(store.is_well for store in found):
        raise typer.Exit(FAILED)


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI schema as JSON."""
    from iotflow.app import create_app

    typer.echo(json.dumps(create_app(_settings()).openapi(), indent=2, ensure_ascii=False))


@app.command()
def simulate(
    url: Annotated[
        str | None,
        typer.Option(help="The service's address; by default one is started for the occasion, on a free port."),
    ] = None,
    devices: Annotated[int, typer.Option(min=1, max=1_000, help="How many devices.")] = 20,
    duration: Annotated[float, typer.Option(min=0.1, max=86_400, help="How long they send, in seconds.")] = 10,
    rate: Annotated[float, typer.Option(min=0.001, max=1_000, help="Submissions per second and device.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same measurements.")] = 1,
    username: Annotated[str | None, USERNAME_OPTION] = None,
) -> None:
    """Play a fleet's day against a service: ten steps, each checked and timed. Status 1 when a check fails."""
    from iotflow.client.simulation import SimulationOptions
    from iotflow.client.simulation import simulate as run_simulation

    options = SimulationOptions(url=url, username=username, devices=devices, duration_s=duration, rate=rate, seed=seed)
    _run_client(run_simulation(options))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with a header or NDJSON, in UTF-8, plain or gzip.")],
    time_column: Annotated[str, typer.Option(help="The column with each row's time.")],
    device: Annotated[str | None, typer.Option(help="The device that all rows are of.")] = None,
    device_column: Annotated[str | None, typer.Option(help="The column that names each row's device.")] = None,
    time_format: Annotated[
        str | None,
        typer.Option(help="How times are written, as strptime takes it; by default RFC 3339, ISO or epoch numbers."),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The zone of times without an offset, like Europe/Berlin.")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="A column to import; repeatable. By default all the others.")
    ] = None,
    max_errors: Annotated[int, typer.Option(min=0, help="Stop at one bad row more than this.")] = 0,
    url: Annotated[str, typer.Option(help="The service's address.")] = LOCAL_SERVICE,
    username: Annotated[str | None, USERNAME_OPTION] = None,
) -> None:
    """Store a file's history in your devices; missing ones are registered. Run again, it changes nothing."""
    from iotflow.client.backfill import ImportOptions, import_file

    options = ImportOptions(
        url=url,
        file=file,
        time_column=time_column,
        device=device,
        device_column=device_column,
        time_format=time_format,
        timezone=timezone,
        fields=field or (),
        max_errors=max_errors,
        username=username,
    )
    _run_client(import_file(options))


def _run_client(work: Coroutine[None, None, bool]) -> None:
    """Run a command against a service; the exit status says whether it did all that it should."""
    from iotflow.client.errors import ServiceError, WrongUse

    # Ended like by Ctrl-C: with its summary, and not leaving a service of its own behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        succeeded = asyncio.run(work)
    except WrongUse as error:
        _fail(str(error), MISUSED)
    except ServiceError as error:
        _fail(str(error), FAILED)
    if not succeeded:
        raise typer.Exit(FAILED)


def _ask_password() -> str:
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _settings() -> Settings:
    try:
        return load_settings()
    except InvalidSettings as error:
        _fail(str(error), MISUSED)


def _prepare_data_dir(settings: Settings) -> None:
    from iotflow.data_dir import DataDirError, prepare

    try:
        prepare(settings)
    except DataDirError as error:
        _fail(str(error), MISUSED)


def _complain(message: str) -> None:
    for line in message.splitlines():
        errors.print(f"iotflow: {line}", markup=False)


def _fail(message: str, status: int) -> NoReturn:
    _complain(message)
    raise typer.Exit(status)
