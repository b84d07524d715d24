"""Runs the app under uvicorn, after checking the settings, files and databases."""

import asyncio
import gc
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from rich.console import Console
from uvicorn.supervisors import Multiprocess

from iotflow import tracing
from iotflow.app import create_app
from iotflow.cli.data_dir import DataDirError, create_directories, exclusive_lock, restrict_access
from iotflow.cli.databases import prepare_databases
from iotflow.databases import DatabaseError, embedded_database
from iotflow.logs import configure_logging
from iotflow.metrics.counting import CELLS
from iotflow.server import descriptors
from iotflow.server.config import BACKLOG, ServerConfig
from iotflow.server.metrics_listener import serve_metrics
from iotflow.settings import Settings, load_settings

console = Console(highlight=False, soft_wrap=True)


class ServingError(Exception):
    """The service cannot start; the message: option or setting, problem, and remedy."""


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
    """Serve until SIGTERM or SIGINT, after waiting up to `wait_s` seconds for servers that are starting.

    Raises ServingError. A signal is no failure: the process exits with status 0.
    """
    if workers > 1 and settings.cache_url == "memory":
        raise ServingError(
            f"--workers {workers}: IOTFLOW_CACHE_URL=memory supports one process only; expected --workers 1, or redis://…"
        )
    if workers > 1 and embedded_database(settings) is not None:
        raise ServingError(
            f"--workers {workers}: IOTFLOW_DATABASE_URL={settings.database_url} supports one process only; expected "
            "--workers 1, or postgresql+asyncpg://…"
        )
    _check_tls(tls_cert, tls_key)
    _check_descriptors(settings)
    _check_tracing()
    configure_logging(settings.log_level, settings.log_format)
    _exit_on_signals()
    try:
        create_directories(settings)
        with exclusive_lock(settings):
            asyncio.run(prepare_databases(settings, wait_s))
            restrict_access(settings)
            with ExitStack() as stack:
                listener = _listen(host, port, "--port")
                if settings.metrics_port:
                    metrics_listener = _listen(host, settings.metrics_port, "IOTFLOW_METRICS_PORT")
                    stack.enter_context(serve_metrics(settings, metrics_listener))
                _run(settings, listener, workers, tls_cert, tls_key)
    except (DataDirError, DatabaseError) as error:
        raise ServingError(str(error)) from error


def worker_app() -> FastAPI:
    """Create the app of one of several worker processes, with the settings of the environment."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    threading.Thread(target=_terminate_with_parent, name="parent monitor", daemon=True).start()
    app = create_app(settings)
    _freeze_modules()
    return app


class Workers(Multiprocess):
    """The worker processes. SIGHUP replaces one after the other: each ends once its successor serves requests."""

    config: ServerConfig

    def terminate_all(self) -> None:
        assert self.config.group is not None
        self.config.group.stop()
        super().terminate_all()


def _run(
    settings: Settings, listener: socket.socket, workers: int, tls_cert: Path | None, tls_key: Path | None
) -> None:
    app = create_app(settings) if workers == 1 else "iotflow.cli.server:worker_app"
    config = ServerConfig(app, settings, workers=workers, tls_cert=tls_cert, tls_key=tls_key)
    host, port = listener.getsockname()[:2]
    shown_host = f"[{host}]" if ":" in host else host
    scheme = "https" if tls_cert else "http"
    console.print(
        f"IoTFlow serves on {scheme}://{shown_host}:{port} (explore it at {scheme}://{shown_host}:{port}/docs)"
    )
    if workers > 1:
        assert config.slots is not None  # it has several workers
        CELLS.read_shared(config.slots)
        Workers(config, sockets=[listener]).run()
        return
    _freeze_modules()
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise ServingError("the service could not start; see the log above")


def _freeze_modules() -> None:
    """Freeze the imported modules (gc.freeze): scanning them in a full collection would pause requests."""
    gc.collect()
    gc.freeze()


def _terminate_with_parent() -> None:
    """Terminate this worker when its parent process ends: an orphan would keep the port."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # `serve_forever` starts workers by multiprocessing
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _listen(host: str, port: int, option: str) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Listen at once: with SO_REUSEADDR a second socket can bind the address until one of them listens.
        listener.listen(BACKLOG)
    except OSError as error:
        raise ServingError(f"--host {host} {option} {port}: cannot listen: {error.strerror}") from error
    listener.set_inheritable(True)
    return listener


def _check_tls(tls_cert: Path | None, tls_key: Path | None) -> None:
    if tls_cert is None and tls_key is None:
        return
    if tls_cert is None or tls_key is None:
        raise ServingError("--tls-cert and --tls-key are required together; one is missing")
    for option, path in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ServingError(f"{option} {path}: {error.strerror}") from error
    try:
        # With an empty password OpenSSL does not prompt for one.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls_cert, tls_key, password="")
    except ssl.SSLError as error:
        raise ServingError(
            f"--tls-cert {tls_cert} --tls-key {tls_key}: expected a certificate chain and its private key, both in "
            "PEM and without a passphrase"
        ) from error


def _check_descriptors(settings: Settings) -> None:
    try:
        descriptors.connection_limit(descriptors.raise_soft_limit(), settings.max_connections)
    except ValueError as error:
        raise ServingError(f"IOTFLOW_MAX_CONNECTIONS={settings.max_connections}: {error}") from error


def _check_tracing() -> None:
    if (variable := tracing.requested_by()) and not tracing.is_installed():
        raise ServingError(f"{variable}: tracing needs more packages; install iotflow[tracing], or unset the variable")


def _exit_on_signals() -> None:
    """Exit with cleanup on SIGINT and SIGTERM. After its shutdown uvicorn raises the signals that it received again."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: sys.exit(0))
