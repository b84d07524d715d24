"""SQLite: how a file is opened, what its errors mean, and how the loss of the file is noticed.

SQLite continues to use the files that it has opened after they are unlinked or replaced, so what it commits from then
on is lost when the process ends.
"""

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import aiosqlite
from sqlalchemy import Dialect, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from iotflow.concurrency.tasks import run_to_completion
from iotflow.domain.errors import StoreUnavailable
from iotflow.metrics import catalogue
from iotflow.stores.sql import database
from iotflow.stores.sql.database import LastFailure, RowValues, deadline, map_driver_errors, transaction_timeout_s
from iotflow.stores.sql.pool import ConnectionLimiter
from iotflow.stores.sql.sqlite_cursor import SqliteDriver

READ_CONNECTIONS = 4
READ_POOL_TIMEOUT_S = 1.5
BUSY_TIMEOUT_S = 5.0
"""Wait for a write transaction of another process."""
STEPS_BETWEEN_CHECKS = 100_000
"""Steps of SQLite's virtual machine after which a statement checks whether it was abandoned: every few ms."""
FILE_SUFFIXES = ("", "-wal", "-shm")
"""The database, its write-ahead log, and the log's index, which also holds the locks."""

_FAILURES = (sqlite3.DatabaseError, sqlite3.InterfaceError, sqlite3.OperationalError)
"""The classes of errors that make the store unavailable. Errors of a statement have subclasses of the first one."""
_INFO = "iotflow_files"

logger = logging.getLogger(__name__)


class SqliteDatabase:
    """SQLite implementation of `Database`: one connection that writes and `READ_CONNECTIONS` that read.

    The file is on this machine, so no network can fail and there is no circuit breaker. All transactions have the
    deadline `SCAN_TIMEOUT_S`: a short one may wait for the write lock behind a long one.
    """

    def __init__(self, url: str) -> None:
        self._files = SqliteFiles(make_url(url).database or "")
        self._writer = sqlite_engine(url, self._files, 1, pool_timeout_s=database.SCAN_TIMEOUT_S, writes=True)
        self._reader = sqlite_engine(
            url, self._files, READ_CONNECTIONS, pool_timeout_s=READ_POOL_TIMEOUT_S, writes=False
        )
        # Writes need no limiter: they queue in order for the pool's only connection.
        self._read_limiter = ConnectionLimiter("sql_read", READ_CONNECTIONS, bulk=READ_CONNECTIONS // 2)
        self._last_failure = LastFailure()
        catalogue.POOL_SIZE.watch(self, lambda _database: {("sql_write",): 1})
        catalogue.POOL_IN_USE.watch(
            self, lambda opened: {("sql_write",): cast(QueuePool, opened._writer.pool).checkedout()}
        )

    @property
    def dialect(self) -> Dialect:
        return self._writer.dialect

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:  # one deadline
        with self._last_failure.track():
            async with self._driver_call() as timeout, self._writer.connect() as connection:
                self._files.verify(connection)
                await connection.begin()
                yield connection
                # A commit that was cut short might have been made or not, so it is not cancelled.
                timeout.reschedule(None)
                await run_to_completion(self._commit(connection))

    async def write_rows(self, statement: str, rows: Sequence[RowValues], *, bulk: bool = False) -> None:
        with self._last_failure.track():
            async with self._driver_call() as timeout, self._writer.connect() as connection:
                self._files.verify(connection)
                deadline_s = timeout.when() or 0.0
                # The outcome of a commit must be known, so from here on the deadline aborts the statement alone.
                timeout.reschedule(None)
                await run_to_completion(self._write_in_thread(connection, statement, rows, deadline_s))

    @asynccontextmanager
    async def read(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        admission = self._read_limiter.acquire(transaction_timeout_s(bulk=bulk), bulk=bulk)
        async with admission, self._driver_call(), self._reader.connect() as connection:
            self._files.verify(connection)
            yield connection

    def migration(self) -> AbstractAsyncContextManager[AsyncConnection]:
        # SQLite has at most one writer.
        return self.write()

    async def connect(self) -> None:
        await self.ping()

    async def ping(self) -> None:
        async with self.read() as connection:
            # SELECT 1 would not read the file.
            await connection.execute(text("SELECT 1 FROM sqlite_master"))
        self._last_failure.check()

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _driver_call(self) -> AsyncIterator[asyncio.Timeout]:
        """Yield the deadline of a block of calls, and map the driver's errors."""
        async with deadline(database.SCAN_TIMEOUT_S) as timeout, map_driver_errors(self._failure):
            yield timeout

    def _failure(self, error: DBAPIError | OSError) -> str | None:
        reason = str(error) if isinstance(error, OSError) else sqlite_failure(error)
        if reason is not None:
            # A damaged file may fail some reads only, so that the read of `ping` succeeds.
            self._last_failure.record()
        return reason

    async def _write_in_thread(
        self, connection: AsyncConnection, statement: str, rows: Sequence[RowValues], deadline_s: float
    ) -> None:
        assert connection.sync_connection is not None
        driver = connection.sync_connection.connection.driver_connection
        assert isinstance(driver, aiosqlite.Connection)
        abandoned: threading.Event = connection.info["abandoned"]
        expiry = asyncio.get_running_loop().call_at(deadline_s, abandoned.set)
        try:
            # The public methods run one statement each, and a call of the thread costs more than the statement.
            await driver._execute(execute_for_rows, driver._conn, statement, rows)  # type: ignore[no-untyped-call]
        except sqlite3.Error as error:
            if type(error) not in _FAILURES:
                raise
            self._last_failure.record()
            raise StoreUnavailable("sql", str(error)) from error
        finally:
            expiry.cancel()
            abandoned.clear()
        self._files.verify(connection)

    async def _commit(self, connection: AsyncConnection) -> None:
        await connection.commit()
        self._files.verify(connection)


def execute_for_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[RowValues]) -> None:
    """Run a statement for each row in one transaction, in the connection's thread."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


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


def sqlite_engine(
    url: str, files: SqliteFiles, connections: int, *, pool_timeout_s: float, writes: bool
) -> AsyncEngine:
    """Return an engine whose connections open when first used. `files` records which files each one has opened."""
    # Writers wait for the pool's one connection: its queue is FIFO, while SQLite's busy handler polls and can starve a
    # writer. `timeout` is the busy handler's, for writers in other processes.
    sqlite = create_async_engine(
        url,
        module=SqliteDriver(),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        # Each block ends its transaction: the pool's own rollback would be one more call of the thread.
        pool_reset_on_return=None,
        # Each connection has a thread, whose heap keeps the size of the largest page it has read: use few of them.
        pool_use_lifo=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "async_creator_fn": _connect},
    )

    @event.listens_for(sqlite.sync_engine, "connect")
    def configure(connection: Any, record: Any) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
        # By itself the driver would begin deferred transactions.
        connection.isolation_level = None
        _set_pragmas(connection, writes=writes)
        abandoned = threading.Event()
        record.info["abandoned"] = abandoned
        files.record_opened(record.info)
        connection.run_async(lambda driver: driver.set_progress_handler(abandoned.is_set, STEPS_BETWEEN_CHECKS))

    @event.listens_for(sqlite.sync_engine, "begin")
    def begin(connection: Any) -> None:  # Any: the event's signature is untyped
        if writes:
            # A deferred transaction that reads and then writes fails at once with "database is locked", whatever the
            # timeout, when another connection has written in between. IMMEDIATE takes the write lock at the beginning.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.connection.dbapi_connection.begins_with_next = True

    @event.listens_for(sqlite.sync_engine, "invalidate")
    def abandon(connection: Any, record: Any, _error: object) -> None:  # Any: as above
        # Cancelling a statement does not stop its thread. A connection that is closed within a transaction keeps its
        # locks until its last cursor is garbage-collected, so other writers would wait for an unknown time.
        record.info["abandoned"].set()
        connection.rollback()

    return sqlite


def _set_pragmas(connection: Any, *, writes: bool) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL" if writes else "PRAGMA query_only = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # In memory, sorting the points of an aggregate takes 60 bytes for each: 120 MiB for 2 million.
    cursor.execute("PRAGMA temp_store = FILE")
    # Open the write-ahead log.
    cursor.execute("SELECT 1 FROM sqlite_master")
    cursor.close()


def sqlite_failure(error: DBAPIError) -> str | None:
    """Return why the store is unavailable; None for an error that only the statement causes."""
    # sqlite3 raises DatabaseError itself, no subclass, for a file that is damaged or no database.
    if isinstance(error, InterfaceError) or type(error) in (DatabaseError, OperationalError):
        return str(error.orig)
    return str(error.orig) if error.connection_invalidated else None


async def _connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:  # Any: whatever sqlite3.connect takes
    """Open a connection as SQLAlchemy would, and leave neither file nor thread behind when that fails."""
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread
    thread.daemon = True

    async def connect() -> aiosqlite.Connection:
        return await connection

    try:
        return await run_to_completion(connect())
    except (sqlite3.Error, asyncio.CancelledError):
        await run_to_completion(connection.close())
        # The thread calls the event loop when it ends, and the caller may be about to close the loop.
        await run_to_completion(asyncio.to_thread(thread.join))
        raise
