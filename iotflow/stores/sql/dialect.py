"""Where SQLite and PostgreSQL differ. No other module holds SQL of one dialect alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from iotflow.domain.errors import StoreUnavailable

CONNECT_TIMEOUT_S = 1.5
POOL_TIMEOUT_S = 1.5
WRITE_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
SQLITE_READERS = 4
POSTGRES_CONNECTIONS = 10


class _SqliteConnection(Protocol):
    """What is used of sqlite3's connection below aiosqlite."""

    isolation_level: str | None


@dataclass(frozen=True, slots=True)
class Database:
    """The connections to the SQL store: one writer and a few readers on SQLite, one pool on PostgreSQL."""

    writer: AsyncEngine
    reader: AsyncEngine

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block. Raises StoreUnavailable."""
        async with _deadline(WRITE_TIMEOUT_S), _translated(), self.writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is rolled back at the end of the block. Raises StoreUnavailable."""
        async with _deadline(READ_TIMEOUT_S), _translated(), self.reader.connect() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self.reader.dispose()
        await self.writer.dispose()


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
        connect_args={"timeout": 5.0},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
        # The driver must not begin transactions by itself: it would begin them deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL" if writes else "PRAGMA query_only = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # Any: the event's signature is untyped
        # A transaction that begins by reading and then writes fails at once with "database is locked", however long
        # the timeout, when another has written meanwhile. Writers say so from the start.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise StoreUnavailable("sql", f"no answer within {seconds} s") from error


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreUnavailable("sql", str(error.__cause__ or error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable("sql", str(error.orig)) from error
        raise


def insert(connection: AsyncConnection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT that knows ON CONFLICT, which both dialects spell the same and SQLAlchemy keeps apart."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def is_sqlite(connection: AsyncConnection) -> bool:
    """Whether the connection is to SQLite."""
    return connection.dialect.name == "sqlite"
