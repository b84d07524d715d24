"""The command line: `iotflow serve`, `migrate`, `create-admin`, `doctor`, `openapi`, `simulate`, `import`."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table

import iotflow
from iotflow.cli.importer.options import ImportOptions, import_command
from iotflow.settings import InvalidSettings, Settings, load_settings

FAILED = 1
MISUSED = 2
EXPECTED = {
    "username": "3 to 64 letters, digits, dots, dashes and underscores",
    "email": "an address like ada@example.org",
    "password": "10 to 1,000 characters",
}
WAIT_OPTION = typer.Option(min=0, help="Seconds to wait for servers that are still starting.")
USERNAME_OPTION = typer.Option(help="Sign in as this user with IOTFLOW_PASSWORD; by default with IOTFLOW_TOKEN.")

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
    """Run the command line. Files that it creates are accessible to this user alone (umask 077)."""
    os.umask(0o077)
    app()


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"iotflow {iotflow.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Parse the options that all commands share."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of worker processes.")] = 1,
    tls_cert: Annotated[Path | None, typer.Option(help="A PEM file with the certificate chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="A PEM file with the certificate's key.")] = None,
    wait: Annotated[float, WAIT_OPTION] = 0,
) -> None:
    """Serve the API."""
    from iotflow.cli.server import ServingError, serve_forever

    settings = _settings()
    try:
        serve_forever(settings, host=host, port=port, workers=workers, tls_cert=tls_cert, tls_key=tls_key, wait_s=wait)
    except ServingError as error:
        _fail(str(error), MISUSED)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change.")] = False,
    wait: Annotated[float, WAIT_OPTION] = 0,
) -> None:
    """Upgrade the stores' schemas to this version. Concurrent runs are safe."""
    from iotflow.cli.databases import migrate as migrate_stores
    from iotflow.databases import DatabaseError
    from iotflow.logs import configure_logging

    settings = _settings()
    configure_logging(settings.log_level, settings.log_format)
    _prepare_data_dir(settings)
    try:
        migrations = asyncio.run(migrate_stores(settings, dry_run=dry_run, wait_s=wait))
    except DatabaseError as error:
        _fail(str(error), MISUSED)
    for migration in migrations:
        for warning in migration.warnings:
            _print_error(f"warning: {warning}")
        if not migration.steps:
            typer.echo(f"{migration.store}: schema {migration.wanted} is current")
            continue
        would = "would change " if dry_run else ""
        typer.echo(f"{migration.store}: schema {would}{migration.stored or 'none'} -> {migration.wanted}")
        for step in migration.steps:
            typer.echo(f"  {step}")
        if migration.conversion:
            typer.echo(f"  {migration.conversion}")


@app.command()
def create_admin(
    username: Annotated[str, typer.Argument(help=f"The user name: {EXPECTED['username']}.")],
    email: Annotated[str, typer.Argument(help="The administrator's email address.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
    ] = False,
) -> None:
    """Create an administrator. It may run beside a service."""
    from pydantic import ValidationError

    from iotflow.api.schemas.accounts import UserCreate
    from iotflow.cli.databases import create_admin
    from iotflow.databases import DatabaseError
    from iotflow.domain.errors import Conflict, StoreUnavailable

    settings = _settings()
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_password()
    try:
        checked = UserCreate(username=username, email=email, password=password)
    except ValidationError as error:
        wrong = [str(problem["loc"][0]) for problem in error.errors(include_input=False)]
        _fail("\n".join(f"{field}: expected {EXPECTED[field]}" for field in wrong), MISUSED)
    _prepare_data_dir(settings)
    try:
        user = asyncio.run(create_admin(settings, checked.username, checked.email, checked.password))
    except DatabaseError as error:
        _fail(str(error), MISUSED)
    except Conflict as error:
        _fail(str(error), FAILED)
    except StoreUnavailable as error:
        _fail(f"the {error.store} store is unavailable: {error}", FAILED)
    typer.echo(f"administrator {user.username} ({user.user_id}) was created")


@app.command()
def doctor() -> None:
    """Check the reachability, latency and schema of each store."""
    from iotflow.cli.databases import diagnose

    settings = _settings()
    _prepare_data_dir(settings)
    diagnoses = asyncio.run(diagnose(settings))
    table = Table("store", "backend", "reachable", "latency", box=None, pad_edge=False)
    table.add_column("schema", no_wrap=True)
    for store in diagnoses:
        reachable, latency = ("NO", "-") if store.latency_ms is None else ("yes", f"{store.latency_ms:.1f} ms")
        table.add_row(store.store, store.kind, reachable, latency, store.schema)
    Console().print(table, crop=False, overflow="ignore")
    for store in diagnoses:
        if store.problem is not None:
            _print_error(str(store.problem))
        for warning in store.warnings:
            _print_error(f"warning: {warning}")
    retention = f"{settings.retention_days} days" if settings.retention_days else "without limit"
    typer.echo(f"retention: telemetry received from now on is kept {retention}; stored telemetry keeps its expiry")
    if not all(store.is_well for store in diagnoses):
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
        typer.Option(help="The service's address; by default a temporary service is started on a free port."),
    ] = None,
    devices: Annotated[int, typer.Option(min=1, max=1_000, help="Number of devices.")] = 20,
    duration: Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds during which they send.")] = 10,
    rate: Annotated[float, typer.Option(min=0.001, max=1_000, help="Submissions per second and device.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the measurements: the same seed repeats them.")] = 1,
    username: Annotated[str | None, USERNAME_OPTION] = None,
    scenario: Annotated[
        Literal["day", "incident"],
        typer.Option(help="A day of a fleet, or an incident: alerts, webhooks, acknowledgement and recovery."),
    ] = "day",
) -> None:
    """Simulate a fleet against a service; check and time each step. Exit status 1 if a check fails."""
    from iotflow.cli.simulation.run import Scenario, SimulationOptions
    from iotflow.cli.simulation.run import simulate as run_simulation

    options = SimulationOptions(
        scenario=Scenario(scenario),
        url=url,
        username=username,
        devices=devices,
        duration_s=duration,
        rate=rate,
        seed=seed,
    )
    _run_client(run_simulation(options))


def _import(options: ImportOptions) -> None:
    """Import records from a file; register missing devices. Idempotent: a second run changes nothing."""
    from iotflow.cli.importer.run import import_file

    _run_client(import_file(options))


app.command("import")(import_command(_import))


def _run_client(work: Coroutine[None, None, bool]) -> None:
    """Run a command against a service; exit with status 1 if it returns False."""
    from iotflow_sdk import IoTFlowError

    from iotflow.cli.errors import ServiceNotStarted, UsageError

    # Handle SIGTERM like Ctrl-C: the summary is printed and a temporary service is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        succeeded = asyncio.run(work)
    except UsageError as error:
        _fail(str(error), MISUSED)
    except (IoTFlowError, ServiceNotStarted) as error:
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
    from iotflow.cli.data_dir import DataDirError, create_directories

    try:
        create_directories(settings)
    except DataDirError as error:
        _fail(str(error), MISUSED)


def _print_error(message: str) -> None:
    for line in message.splitlines():
        errors.print(f"iotflow: {line}", markup=False)


def _fail(message: str, status: int) -> NoReturn:
    _print_error(message)
    raise typer.Exit(status)
