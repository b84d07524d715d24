"""Runs the app under uvicorn, after all that can be wrong at start was checked."""

import asyncio
import logging
import signal
import socket
import ssl
import sys
from pathlib import Path

import uvicorn
from rich.console import Console

from iotflow.app import create_app
from iotflow.bootstrap import embedded_database, migrate, schema_state
from iotflow.data_dir import DataDirError, locked, prepare
from iotflow.domain.errors import StoreUnavailable
from iotflow.settings import Settings

GRACE_S = 10
BACKLOG = 2_048
KEEP_ALIVE_S = 75

console = Console(highlight=False, soft_wrap=True)


class ServingError(Exception):
    """The service cannot start; the message says why and what would be right."""


def serve_forever(
    settings: Settings, *, host: str, port: int, workers: int, tls_cert: Path | None, tls_key: Path | None
) -> None:
    """Serve until SIGTERM or SIGINT ends it, which is no failure. Raises ServingError."""
    if workers > 1:
        raise ServingError(
            f"--workers {workers}: IOTFLOW_CACHE_URL=memory serves one process only; expected --workers 1"
        )
    _check_tls(tls_cert, tls_key)
    _configure_logging(settings)
    _exit_on_signals()
    try:
        prepare(settings)
        with locked(settings):
            asyncio.run(_ensure_schema(settings))
            _run(settings, _listen(host, port), tls_cert, tls_key)
    except DataDirError as error:
        raise ServingError(str(error)) from error


def _run(settings: Settings, listener: socket.socket, tls_cert: Path | None, tls_key: Path | None) -> None:
    config = uvicorn.Config(
        create_app(settings),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )
    host, port = listener.getsockname()[:2]
    shown_host = f"[{host}]" if ":" in host else host
    scheme = "https" if tls_cert else "http"
    console.print(
        f"IoTFlow serves on {scheme}://{shown_host}:{port} (explore it at {scheme}://{shown_host}:{port}/docs)"
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise ServingError("the service could not start; the log above tells why")


async def _ensure_schema(settings: Settings) -> None:
    """Bring an embedded database to the schema that the code needs; of a server's, demand that it is."""
    try:
        if embedded_database(settings) is not None:
            await migrate(settings)
            return
        state = await schema_state(settings)
    except StoreUnavailable as error:
        raise ServingError(f"IOTFLOW_DATABASE_URL: the sql store cannot be used: {error}") from error
    if not state.current:
        raise ServingError(
            f"IOTFLOW_DATABASE_URL: the schema is {state.stored or 'missing'}, expected {state.wanted}: "
            "run `iotflow migrate`"
        )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Two sockets may be bound to one address until one of them listens.
        listener.listen(BACKLOG)
    except OSError as error:
        raise ServingError(f"--host {host} --port {port}: cannot listen there: {error.strerror}") from error
    listener.set_inheritable(True)
    return listener


def _check_tls(tls_cert: Path | None, tls_key: Path | None) -> None:
    if tls_cert is None and tls_key is None:
        return
    if tls_cert is None or tls_key is None:
        raise ServingError("--tls-cert and --tls-key go together: one was given without the other")
    for option, path in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ServingError(f"{option} {path}: {error.strerror}") from error
    try:
        # The empty password keeps OpenSSL from asking for one.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls_cert, tls_key, password="")
    except ssl.SSLError as error:
        raise ServingError(
            f"--tls-cert {tls_cert} --tls-key {tls_key}: expected a certificate chain and the private key that goes "
            "with it, both in PEM and without a passphrase"
        ) from error


def _exit_on_signals() -> None:
    """Have signals end the process by way of all cleanup. Uvicorn, once it is done, raises those it was sent again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def _configure_logging(settings: Settings) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=settings.log_level.upper())
    # Uvicorn tells of its life at this level, and of nothing that the app's own lines lack.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for chatty in ("aiosqlite", "alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
