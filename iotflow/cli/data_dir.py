"""The embedded stores' files: created with access for this user alone, checked, and locked by one service."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from iotflow.databases import embedded_database
from iotflow.settings import Settings

if sys.platform != "win32":
    import fcntl

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
BESIDE_DATABASE = ("-wal", "-shm", ".lock", ".pid")
"""Suffixes of the files beside a database."""

logger = logging.getLogger(__name__)


class DataDirError(Exception):
    """The data directory is unusable; the message: setting, problem, and remedy."""


def create_directories(settings: Settings) -> None:
    """Create the directories of the embedded stores. Raises DataDirError."""
    database = embedded_database(settings)
    if database is None:
        return
    for directory, setting in ((settings.data_dir, "IOTFLOW_DATA_DIR"), (database.parent, "IOTFLOW_DATABASE_URL")):
        try:
            directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise DataDirError(f"{setting}: {directory} cannot be created: {error.strerror}") from error
        if not os.access(directory, os.W_OK | os.X_OK):
            raise DataDirError(
                f"{setting}: {directory} is not writable; expected a directory owned by the service's user"
            )


def restrict_access(settings: Settings) -> None:
    """Remove other users' access to the data directory and the database files. Call it after the lock is held."""
    database = embedded_database(settings)
    if database is None:
        return
    # Not the directory of a database elsewhere: other users may share it.
    _restrict(settings.data_dir, DIRECTORY_MODE)
    for suffix in ("", *BESIDE_DATABASE):
        _restrict(database.with_name(f"{database.name}{suffix}"), FILE_MODE)


@contextmanager
def exclusive_lock(settings: Settings) -> Iterator[None]:
    """Lock an embedded database for this process until the end of the block.

    Raises DataDirError with the id of the process that holds the lock.
    """
    database = embedded_database(settings)
    if database is None:
        yield
        return
    holder = database.with_name(f"{database.name}.pid")
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(database.with_name(f"{database.name}.lock"), timeout=0))
            if sys.platform != "win32":
                stack.callback(os.close, _lock_database(database))
            holder.write_text(f"{os.getpid()}\n")
        except (Timeout, BlockingIOError):
            process = holder.read_text().strip() if holder.exists() else "unknown"
            raise DataDirError(
                f"IOTFLOW_DATA_DIR: {database} is already served by process {process}; stop it, or set another "
                "directory"
            ) from None
        except OSError as error:
            setting = "IOTFLOW_DATABASE_URL" if error.filename == str(database) else "IOTFLOW_DATA_DIR"
            raise DataDirError(f"{setting}: {error.filename} cannot be written: {error.strerror}") from error
        stack.callback(holder.unlink, missing_ok=True)
        yield


if sys.platform != "win32":

    def _lock_database(database: Path) -> int:
        """Lock the database file itself and return its open descriptor: a lock file may be unlinked while locked.

        Raises BlockingIOError when another process has locked it, other OSErrors when it cannot be opened. The
        descriptor must not be closed while SQLite has the file open: that would release SQLite's own locks (see
        "How To Corrupt An SQLite Database File", section 2.2).
        """
        while True:
            descriptor = os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if database.exists() and os.path.samestat(os.fstat(descriptor), database.stat()):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            # The file was replaced between the two calls: SQLite would open another one than is locked.
            os.close(descriptor)


def _restrict(path: Path, mode: int) -> None:
    """Remove other users' access to a file or directory, and log it."""
    if os.name != "posix":
        return
    try:
        found = path.stat().st_mode & 0o777
        if found & ~mode:
            path.chmod(found & mode)
            logger.info("%s: mode %o gave access to other users; changed to %o", path, found, found & mode)
    except FileNotFoundError:  # a service beside this command may have removed it
        return
    except OSError as error:
        logger.warning("%s: cannot remove access by other users: %s; set its mode to %o", path, error.strerror, mode)
