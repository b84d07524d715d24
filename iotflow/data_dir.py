"""The data directory: made if it is missing, checked, and locked by the one service that uses it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from iotflow.bootstrap import embedded_database
from iotflow.settings import Settings


class DataDirError(Exception):
    """The data directory cannot be used; the message says why and what would be right."""


def prepare(settings: Settings) -> None:
    """Make the directories that the embedded stores need. Raises DataDirError."""
    database = embedded_database(settings)
    if database is None:
        return
    for directory, setting in ((settings.data_dir, "IOTFLOW_DATA_DIR"), (database.parent, "IOTFLOW_DATABASE_URL")):
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataDirError(f"{setting}: {directory} cannot be made: {error.strerror}") from error
        if not os.access(directory, os.W_OK | os.X_OK):
            raise DataDirError(f"{setting}: {directory} is not writable; expected a directory of the service's own")


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the data directory for the block. Raises DataDirError, naming the process that holds it already."""
    if embedded_database(settings) is None:
        yield
        return
    holder = settings.data_dir / "serve.pid"
    lock = FileLock(settings.data_dir / "serve.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        process = holder.read_text().strip() if holder.exists() else "unknown"
        raise DataDirError(
            f"IOTFLOW_DATA_DIR: {settings.data_dir} is in use by another `iotflow serve`, process {process}"
        ) from None
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
        holder.unlink(missing_ok=True)
    finally:
        lock.release()
