"""Runs the app under uvicorn, after all that can be wrong at start was checked."""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from rich.console import Console
from uvicorn.supervisors import Multiprocess

from iotflow.administration import make_ready
from iotflow.app import create_app
from iotflow.backends import BackendError
from iotflow.bootstrap import embedded_database
from iotflow.data_dir import DataDirError, locked, prepare, restrict
from iotflow.server import descriptors
from iotflow.server.config import BACKLOG, ServerConfig
from iotflow.settings import Settings, load_settings

console = Console(highlight=False, soft_wrap=True)


class ServingError(Exception):
    """The service cannot start; the message says why and what would be right."""


def serve_forever(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    wait_s: float,
) -> None:
    """Serve until SIGTERM or SIGINT ends it, which is no failure; servers that are starting are waited for.

    Raises ServingError.
    """
    if workers > 1 and settings.cache_url == "memory":
        raise ServingError(
            f"--workers {workers}: IOTFLOW_CACHE_URL=memory serves one process only; expected --workers 1, or redis://…"
        )
    if workers > 1 and embedded_database(settings) is not None:
        raise ServingError(
            f"--workers {workers}: IOTFLOW_DATABASE_URL={settings.database_url} serves one process only; expected "
            "--workers 1, or postgresql+asyncpg://…"
        )
    _check_tls(tls_cert, tls_key)
    _check_descriptors(settings)
    _configure_logging(settings)
    _exit_on_signals()
    try:
        prepare(settings)
        with locked(settings):
            asyncio.run(make_ready(settings, wait_s))
            restrict(settings)
            _run(settings, _listen(host, port), workers, tls_cert, tls_key)
    except (DataDirError, BackendError) as error:
        raise ServingError(str(error)) from error


def worker_app() -> FastAPI:
    """The app of one of several worker processes, of the environment's settings."""
    settings = load_settings()
    _configure_logging(settings)
    threading.Thread(target=_end_with_parent, name="watch of the parent", daemon=True).start()
    app = create_app(settings)
    _freeze_modules()
    return app


def _run(
    settings: Settings, listener: socket.socket, workers: int, tls_cert: Path | None, tls_key: Path | None
) -> None:
    app = create_app(settings) if workers == 1 else "iotflow.serving:worker_app"
    config = ServerConfig(app, settings, workers=workers, tls_cert=tls_cert, tls_key=tls_key)
    host, port = listener.getsockname()[:2]
    shown_host = f"[{host}]" if ":" in host else host
    scheme = "https" if tls_cert else "http"
    console.print(
        f"IoTFlow serves on {scheme}://{shown_host}:{port} (explore it at {scheme}://{shown_host}:{port}/docs)"
    )
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    _freeze_modules()
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise ServingError("the service could not start; the log above tells why")


def _freeze_modules() -> None:
    """Spare the garbage collector what stays for good: to look through all modules holds every request up."""
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone: nobody else would, and it would keep the port."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


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


def _check_descriptors(settings: Settings) -> None:
    try:
        descriptors.connections(descriptors.raise_limit(), settings.max_connections)
    except ValueError as error:
        raise ServingError(f"IOTFLOW_MAX_CONNECTIONS={settings.max_connections}: {error}") from error


def _exit_on_signals() -> None:
    """Have signals end the process by way of all cleanup. Uvicorn, once it is done, raises those it was sent again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def _configure_logging(settings: Settings) -> None:
    # No line tells of these; to find them out would take half of the time of a line (Python's logging HOWTO).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=settings.log_level.upper())
    # Uvicorn tells of its life at this level, and of nothing that the app's own lines lack.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for chatty in ("aiosqlite", "alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
