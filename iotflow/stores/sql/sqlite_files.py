"""The files of a SQLite database, and how their loss is noticed.

SQLite continues to use the files that it has opened after they are unlinked or replaced, so what it commits from then
on is lost when the process ends.
"""

import logging
import os
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import StoreUnavailable

FILE_SUFFIXES = ("", "-wal", "-shm")
"""The database, its write-ahead log, and the log's index, which also holds the locks."""

_INFO = "iotflow_files"

logger = logging.getLogger(__name__)


class SqliteFiles:
    """The files of one database, compared by device and inode with the files that its connections have opened.

    - Invariant: all connections have the same database file open, and each has open the files that are now at the
      paths of the log and the index.
    - Why: the last connection that closes removes log and index, so they may change while no connection is open. The
      database file may never change.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._paths = [f"{path}{suffix}" for suffix in FILE_SUFFIXES]
        self._database: tuple[int, int] | None = None
        self._in_place = True

    def record_opened(self, info: dict[Any, Any]) -> None:  # Any: SQLAlchemy keeps its keys and values there too
        """Record in a new connection's `info` which files it has opened. It must have read from the database."""
        info[_INFO] = self._identities()
        self._database = self._database or info[_INFO][0]

    def verify(self, connection: AsyncConnection) -> None:
        """Raise StoreUnavailable unless a connection's files are still at their paths."""
        opened = connection.info[_INFO]
        pairs = zip(opened, self._identities(), strict=True)
        if opened[0] == self._database and all(was in (None, is_now) for was, is_now in pairs):
            if not self._in_place:
                logger.warning("%s: back in its place; requests are served again", self._path)
                self._in_place = True
            return
        problem = f"{self._path}: the database's files were unlinked or replaced while in use"
        if self._in_place:
            logger.error(
                "%s; every request is refused until they are back. What was acknowledged is lost when this process "
                "ends: first copy it from /proc/%d/fd, see docs/troubleshooting.md",
                problem,
                os.getpid(),
            )
            self._in_place = False
        raise StoreUnavailable("sql", problem)

    def _identities(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(map(_identity, self._paths))


def _identity(path: str) -> tuple[int, int] | None:
    """Return the device and inode of a file, None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path would take longer than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
