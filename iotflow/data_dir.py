"""The embedded stores' files: their directories made if missing and checked, the database locked by its one service."""

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
    """Keep an embedded database to this process for the block.

    Raises DataDirError, naming the process that serves it already.
    """
    database = embedded_database(settings)
    if database is None:
        yield
        return
    holder = database.with_name(f"{database.name}.pid")
    lock = FileLock(database.with_name(f"{database.name}.lock"))
    try:
        lock.acquire(timeout=0)
        holder.write_text(f"{os.getpid()}\n")
    except Timeout:
        process = holder.read_text().strip() if holder.exists() else "unknown"
        raise DataDirError(
            f"IOTFLOW_DATA_DIR: {database} is served already, by process {process}: stop it, or name another directory"
        ) from None
    except OSError as error:
        raise DataDirError(f"IOTFLOW_DATA_DIR: {error.filename} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
