"""Where SQLite and PostgreSQL differ: here, and how each is opened in `sqlite` and `postgres`.

No other module holds SQL of one dialect alone.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import JSON, BigInteger, ColumnElement, Table, TableValuedAlias, bindparam, cast, func, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from iotflow.circuit_breaker import CircuitBreaker
from iotflow.completion import to_completion
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql.postgres import (
    MIGRATION_LOCK,
    READERS,
    WRITERS,
    NoTurn,
    Partings,
    Turns,
    is_contention,
    postgres_engines,
    postgres_failure,
    postgres_migrator,
    refuse_older,
)
from iotflow.stores.sql.sqlite import sqlite_engine, sqlite_failure
from iotflow.stores.sql.sqlite_files import SqliteFiles

POINT_TIMEOUT_S = 1.5
SCAN_TIMEOUT_S = 10.0
MIGRATION_TIMEOUT_S = 3_600.0
FAILURE_REMEMBERED_S = 10.0
SQLITE_READERS = 4
SQLITE_POOL_TIMEOUT_S = 1.5
ATTEMPTS = 4
"""How often a transaction is begun that PostgreSQL ends in favour of others."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Contention(StoreUnavailable):
    """The transaction was ended in favour of another one; the same again may succeed."""


class Database:
    """The connections to the SQL store: those that write and those that only read."""

    def __init__(
        self,
        writer: AsyncEngine,
        reader: AsyncEngine,
        *,
        failure: Callable[[DBAPIError | OSError], str | None],
        files: SqliteFiles | None = None,
        migrator: AsyncEngine | None = None,
        partings: Partings | None = None,
    ) -> None:
        """`failure` says why an error makes the store unavailable, None where it does not; `files` are SQLite's.

        With a `migrator` and `partings` the store is a server. Without it is a file of this machine: waiting is for
        one's turn to write, and there is no network behind which it could be gone. It has one deadline for everything,
        and no circuit to break.
        """
        self._writer = writer
        self._reader = reader
        self._failure = failure
        self._files = files
        self._migrator = migrator
        self._partings = partings
        # A file has one writer, and a pool's queue for it that is fair.
        self._writer_turns = Turns(WRITERS, bulk=WRITERS * 3 // 5) if migrator else None
        readers = READERS if migrator else SQLITE_READERS
        self._reader_turns = Turns(readers, bulk=readers // 2)
        self._breaker = CircuitBreaker("sql", self._probe, probe_timeout_s=2 * POINT_TIMEOUT_S) if migrator else None
        self._failed_at: float | None = None

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block; `bulk` gives it time for many rows.

        Raises StoreUnavailable.

        On PostgreSQL each statement sees what was committed before it began: who relies on what he has read locks it.
        """
        try:
            async with self._guarded(self._writer_turns, bulk) as deadline, self._writer.connect() as connection:
                self._verify_files(connection)
                await connection.begin()
                yield connection
                # Only its end tells whether the change was made: no cancellation cuts a commit short.
                deadline.reschedule(None)
                await to_completion(self._commit(connection))
        except (Contention, NoTurn):
            raise
        except StoreUnavailable:
            self._failed_at = time.monotonic()
            raise
        self._failed_at = None

    @asynccontextmanager
    async def read(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the store, and is rolled back at the end of the block.

        `bulk` gives it time for many rows. Raises StoreUnavailable.
        """
        async with self._guarded(self._reader_turns, bulk), self._reader.connect() as connection:
            self._verify_files(connection)
            yield connection

    @asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        """A transaction like `write`'s, beside which there is no other of this kind. Raises StoreUnavailable."""
        if self._migrator is None:
            async with self.write() as connection:  # SQLite has no more than one writer.
                yield connection
            return
        async with _deadline(MIGRATION_TIMEOUT_S), self._translated(), self._migrator.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            yield connection

    async def connect(self) -> None:
        """Raise StoreUnavailable unless the store can be used: it answers, lets us in, and is recent enough.

        What fails here is no failure of a store in use: the circuit stays closed, and the next attempt is a true one.
        """
        if self._breaker is None:
            await self.ping()
            return
        async with _deadline(2 * POINT_TIMEOUT_S), self._translated(), self._reader.connect() as connection:
            await refuse_older(connection)

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store can be read now, and has not failed in the last seconds."""
        async with self.read() as connection:
            # On SQLite, SELECT 1 would not touch the file.
            probe = "SELECT 1 FROM sqlite_master" if connection.dialect.name == "sqlite" else "SELECT 1"
            await connection.execute(text(probe))
        if self._failed_at is not None and time.monotonic() - self._failed_at < FAILURE_REMEMBERED_S:
            raise StoreUnavailable("sql", "it has just failed")

    async def close(self) -> None:
        """Close all connections."""
        if self._breaker is not None:
            await self._breaker.close()
        await self._reader.dispose()
        await self._writer.dispose()
        if self._partings is not None:
            await self._partings.finish()

    async def _commit(self, connection: AsyncConnection) -> None:
        if self._breaker is None:
            await connection.commit()
            self._verify_files(connection)
            return
        async with _deadline(POINT_TIMEOUT_S):
            await connection.commit()

    def _verify_files(self, connection: AsyncConnection) -> None:
        """Raise StoreUnavailable when what is written would be lost with the files."""
        if self._files is not None:
            self._files.verify(connection)

    async def _probe(self) -> None:
        async with self._translated(), self._writer.connect() as connection:
            await connection.execute(text("SELECT 1"))
        self._failed_at = None

    @asynccontextmanager
    async def _guarded(self, turns: Turns | None, bulk: bool) -> AsyncIterator[asyncio.Timeout]:
        turn: AbstractAsyncContextManager[None] = nullcontext()
        timeout_s = SCAN_TIMEOUT_S if bulk else POINT_TIMEOUT_S
        if turns is not None and not (self._breaker and self._breaker.is_open):
            turn = turns.take(timeout_s, bulk=bulk)
        guard = _deadline(SCAN_TIMEOUT_S) if self._breaker is None else self._breaker.guard(timeout_s)
        try:
            async with turn, guard as deadline, self._translated():
                yield deadline
        except DBAPIError as error:
            if not is_contention(error):
                raise
            # Not before now: for the breaker, a server that has to choose between two transactions is well.
            raise Contention("sql", "the transaction was ended in favour of another one") from error

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise StoreUnavailable("sql", "all connections are in use") from error
        except (DBAPIError, OSError) as error:
            if (reason := self._failure(error)) is None:
                raise
            if self._breaker is None:
                # A file that is damaged may fail reads alone, and not every one of them.
                self._failed_at = time.monotonic()
            raise StoreUnavailable("sql", reason) from error


def open_database(url: str) -> Database:
    """The database of a URL of SQLite or PostgreSQL; it connects when first used."""
    if make_url(url).get_backend_name() == "sqlite":
        files = SqliteFiles(make_url(url).database or "")
        return Database(
            sqlite_engine(url, files, 1, pool_timeout_s=SCAN_TIMEOUT_S, writes=True),
            sqlite_engine(url, files, SQLITE_READERS, pool_timeout_s=SQLITE_POOL_TIMEOUT_S, writes=False),
            files=files,
            failure=lambda error: str(error) if isinstance(error, OSError) else sqlite_failure(error),
        )
    partings = Partings()
    writer, reader = postgres_engines(url, SCAN_TIMEOUT_S, partings)
    return Database(
        writer,
        reader,
        failure=lambda error: postgres_failure(error, url),
        migrator=postgres_migrator(url),
        partings=partings,
    )


async def retried(work: Callable[[], Awaitable[T]]) -> T:
    """Do a whole transaction, and again if it was ended in favour of another one. Raises what its last attempt raised.

    Who locks rows in the order of their keys is not ended; this is for statements that lock in an order of their own.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return await work()
        except Contention:
            logger.info("attempt %d of a transaction was ended in favour of another one", attempt)
    return await work()


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    try:
        async with asyncio.timeout(seconds) as deadline:
            yield deadline
    except TimeoutError as error:
        raise StoreUnavailable("sql", f"no answer within {seconds} s") from error


def insert(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT that knows ON CONFLICT, which both dialects spell the same and SQLAlchemy keeps apart."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def integers(dialect: str, name: str) -> tuple[TableValuedAlias, ColumnElement[int]]:
    """The rows of a list of integers that is bound by this name, and the column that holds them."""
    array = bindparam(name, type_=JSON)
    unnested = func.json_each(array) if dialect == "sqlite" else func.json_array_elements_text(array)
    rows = unnested.table_valued("value")
    return rows, cast(rows.c.value, BigInteger)


def broken_constraint(error: IntegrityError) -> str:
    """What tells which constraint a statement has broken: PostgreSQL gives its name, SQLite its columns."""
    cause = error.orig.__cause__ if error.orig is not None else None
    return str(getattr(cause, "constraint_name", None) or error.orig)
