"""Where SQLite and PostgreSQL differ. No other module holds SQL of one dialect alone."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
from sqlalchemy import Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from iotflow.completion import to_completion
from iotflow.domain.errors import StoreUnavailable

CONNECT_TIMEOUT_S = 1.5
POOL_TIMEOUT_S = 1.5
WRITE_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
FAILURE_REMEMBERED_S = 10.0
SQLITE_READERS = 4
STEPS_BETWEEN_CHECKS = 100_000
"""How often a statement of SQLite looks whether it was abandoned, in steps of its virtual machine: every few ms."""
POSTGRES_CONNECTIONS = 10


class Database:
    """The connections to the SQL store: one writer and a few readers on SQLite, one pool on PostgreSQL."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        self._write_failed_at: float | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block. Raises StoreUnavailable."""
        try:
            async with _deadline(WRITE_TIMEOUT_S) as deadline, _translated(), self._writer.connect() as connection:
                await connection.begin()
                yield connection
                # Only its end tells whether the change was made: no deadline and no cancellation cuts a commit short.
                deadline.reschedule(None)
                await to_completion(connection.commit())
        except StoreUnavailable:
            self._write_failed_at = time.monotonic()
            raise
        self._write_failed_at = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is rolled back at the end of the block. Raises StoreUnavailable."""
        async with _deadline(READ_TIMEOUT_S), _translated(), self._reader.connect() as connection:
            yield connection

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store can be read now, and took the last write of the last seconds."""
        async with self.read() as connection:
            # On SQLite, SELECT 1 would not touch the file.
            probe = "SELECT 1 FROM sqlite_master" if connection.dialect.name == "sqlite" else "SELECT 1"
            await connection.execute(text(probe))
        if self._write_failed_at is not None and time.monotonic() - self._write_failed_at < FAILURE_REMEMBERED_S:
            raise StoreUnavailable("sql", "the last write failed")

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()


def open_database(url: str) -> Database:
    """Engines for a URL of SQLite or PostgreSQL; they connect when first used."""
    if make_url(url).get_backend_name() == "sqlite":
        return Database(
            writer=_sqlite(url, connections=1, writes=True), reader=_sqlite(url, SQLITE_READERS, writes=False)
        )
    engine = create_async_engine(
        url,
        pool_size=POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={"timeout": CONNECT_TIMEOUT_S, "command_timeout": READ_TIMEOUT_S},
    )
    return Database(writer=engine, reader=engine)


def _sqlite(url: str, connections: int, *, writes: bool) -> AsyncEngine:
    # Waiting for the one writer is the pool's business: its queue is fair, while SQLite's own busy handler polls and
    # can starve. `timeout` is that handler's, for writers in other processes.
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=WRITE_TIMEOUT_S if writes else POOL_TIMEOUT_S,
        connect_args={"timeout": 5.0, "async_creator_fn": _opened},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, record: Any) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
        # The driver must not begin transactions by itself: it would begin them deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL" if writes else "PRAGMA query_only = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()
        abandoned = threading.Event()
        record.info["abandoned"] = abandoned
        connection.run_async(lambda driver: driver.set_progress_handler(abandoned.is_set, STEPS_BETWEEN_CHECKS))

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # Any: the event's signature is untyped
        # A transaction that begins by reading and then writes fails at once with "database is locked", however long
        # the timeout, when another has written meanwhile. Writers say so from the start.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine.sync_engine, "invalidate")
    def abandon(connection: Any, record: Any, _error: object) -> None:  # Any: as above
        # A statement was cancelled, which does not stop its thread. And a connection that is closed within a
        # transaction keeps its locks until the last of its cursors is garbage, which takes as long as it takes.
        record.info["abandoned"].set()
        connection.rollback()

    return engine


async def _opened(*arguments: Any, **options: Any) -> aiosqlite.Connection:  # Any: whatever sqlite3.connect takes
    """A connection to SQLite, as SQLAlchemy would open it."""
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread
    thread.daemon = True

    async def connect() -> aiosqlite.Connection:
        return await connection

    try:
        return await to_completion(connect())
    except (sqlite3.Error, asyncio.CancelledError):
        await to_completion(connection.close())
        # The thread ends by itself, and says so to the event loop, which the caller may be about to close.
        await to_completion(asyncio.to_thread(thread.join))
        raise


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    try:
        async with asyncio.timeout(seconds) as deadline:
            yield deadline
    except TimeoutError as error:
        raise StoreUnavailable("sql", f"no answer within {seconds} s") from error


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (InterfaceError, PoolTimeout, OSError) as error:
        # OSError is asyncpg's for a server that cannot be reached; SQLAlchemy passes it on.
        raise StoreUnavailable("sql", str(error.__cause__ or error)) from error
    except DatabaseError as error:
        # DatabaseError itself, not one of its kinds, is what sqlite3 raises for a file that is damaged or no database.
        if type(error) in (DatabaseError, OperationalError) or error.connection_invalidated:
            raise StoreUnavailable("sql", str(error.orig)) from error
        raise


def insert(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT that knows ON CONFLICT, which both dialects spell the same and SQLAlchemy keeps apart."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
