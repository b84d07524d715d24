"""Notices when the files of a SQLite database are unlinked or replaced while it is open.

SQLite goes on with the files that it has opened, so what it commits from then on is lost when the process ends.
"""

import logging
import os
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import StoreUnavailable

SUFFIXES = ("", "-wal", "-shm")
"""The database, its write-ahead log, and the log's index, which also holds the locks."""

_INFO = "iotflow_files"

logger = logging.getLogger(__name__)


class SqliteFiles:
    """The files of one database, compared by device and inode with those that its connections have opened.

    - Invariant: all connections have the same database file open, and each has open what lies at the log's and index's
      paths.
    - Why: the last connection that closes removes log and index, so they change while no connection is open; the
      database file never may.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._paths = [f"{path}{suffix}" for suffix in SUFFIXES]
        self._database: tuple[int, int] | None = None
        self._are_there = True

    def opened(self, info: dict[Any, Any]) -> None:  # Any: SQLAlchemy's own keys and values lie there too
        """Note in a new connection's `info` which files it has opened; it must have read from the database."""
        info[_INFO] = self._found()
        self._database = self._database or info[_INFO][0]

    def verify(self, connection: AsyncConnection) -> None:
        """Raise StoreUnavailable unless a connection's files are those that lie at their paths now."""
        opened = connection.info[_INFO]
        in_place = zip(opened, self._found(), strict=True)
        if opened[0] == self._database and all(was in (None, is_now) for was, is_now in in_place):
            if not self._are_there:
                logger.warning("%s: back in its place; requests are served again", self._path)
                self._are_there = True
            return
        problem = f"{self._path}: the database's files were unlinked or replaced while in use"
        if self._are_there:
            logger.error(
                "%s; every request is refused until they are back. What was acknowledged is lost when this process "
                "ends: first copy it from /proc/%d/fd, see docs/troubleshooting.md",
                problem,
                os.getpid(),
            )
            self._are_there = False
        raise StoreUnavailable("sql", problem)

    def _found(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(map(_identity, self._paths))


def _identity(path: str) -> tuple[int, int] | None:
    """Return the device and inode of a file, None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path would take longer than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
