"""SQLite: its transactions, and what its errors mean."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

import aiosqlite
from sqlalchemy import Dialect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import QueuePool

from iotflow.concurrency.tasks import run_to_completion
from iotflow.domain.errors import StoreUnavailable
from iotflow.metrics import definitions
from iotflow.stores.sql import database, sqlite_inserts
from iotflow.stores.sql.database import LastFailure, RowValues, deadline, map_driver_errors, transaction_timeout_s
from iotflow.stores.sql.pool import ConnectionLimiter
from iotflow.stores.sql.sqlite_engine import sqlite_engine
from iotflow.stores.sql.sqlite_files import SqliteFiles

READ_CONNECTIONS = 4
READ_POOL_TIMEOUT_S = 1.5

_FAILURES = (sqlite3.DatabaseError, sqlite3.InterfaceError, sqlite3.OperationalError)
"""The classes of errors that make the store unavailable. Errors of a statement have subclasses of the first one."""


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
        definitions.POOL_SIZE.add_source(self, lambda _database: {("sql_write",): 1})
        definitions.POOL_IN_USE.add_source(
            self, lambda opened: {("sql_write",): cast(QueuePool, opened._writer.pool).checkedout()}
        )

    @property
    def dialect(self) -> Dialect:
        return self._writer.dialect

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:  # one deadline
        with self._last_failure.track():
            async with self._guard_driver_calls() as timeout, self._writer.connect() as connection:
                self._files.verify(connection)
                await connection.begin()
                yield connection
                # A commit that was cut short might have been made or not, so it is not cancelled.
                timeout.reschedule(None)
                await run_to_completion(self._commit(connection))

    async def write_rows(self, statement: str, rows: Sequence[RowValues], *, bulk: bool = False) -> None:
        with self._last_failure.track():
            async with self._guard_driver_calls() as timeout, self._writer.connect() as connection:
                self._files.verify(connection)
                deadline_s = timeout.when() or 0.0
                # The outcome of a commit must be known, so from here on the deadline aborts the statement alone.
                timeout.reschedule(None)
                await run_to_completion(self._write_in_thread(connection, statement, rows, deadline_s))

    @asynccontextmanager
    async def read(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        admission = self._read_limiter.acquire(transaction_timeout_s(bulk=bulk), bulk=bulk)
        async with admission, self._guard_driver_calls(), self._reader.connect() as connection:
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
    async def _guard_driver_calls(self) -> AsyncIterator[asyncio.Timeout]:
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
        interrupt: threading.Event = connection.info["interrupt"]
        expiry = asyncio.get_running_loop().call_at(deadline_s, interrupt.set)
        try:
            # The public methods run one statement each, and a call of the thread costs more than the statement.
            await driver._execute(sqlite_inserts.insert_rows, driver._conn, statement, rows)  # type: ignore[no-untyped-call]
        except sqlite3.Error as error:
            if type(error) not in _FAILURES:
                raise
            self._last_failure.record()
            raise StoreUnavailable("sql", str(error)) from error
        finally:
            expiry.cancel()
            interrupt.clear()
        self._files.verify(connection)

    async def _commit(self, connection: AsyncConnection) -> None:
        await connection.commit()
        self._files.verify(connection)


def sqlite_failure(error: DBAPIError) -> str | None:
    """Return why the store is unavailable; None for an error that only the statement causes."""
    # sqlite3 raises DatabaseError itself, no subclass, for a file that is damaged or no database.
    if isinstance(error, InterfaceError) or type(error) in (DatabaseError, OperationalError):
        return str(error.orig)
    return str(error.orig) if error.connection_invalidated else None
