"""The interface of a SQL database, and what SQLite and PostgreSQL share: deadlines, retries, errors, slices of rows.

`sqlite` and `postgres` implement `Database`. Only they and the modules named after them hold SQL of one dialect.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Dialect,
    Row,
    Select,
    String,
    Table,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql.pool import PoolExhausted

SHORT_TIMEOUT_S = 1.5
"""Deadline of a transaction over a few rows."""
SCAN_TIMEOUT_S = 10.0
"""Deadline of a transaction over many rows."""
FAILURE_REMEMBERED_S = 10.0
MAX_ATTEMPTS = 4
"""Of a transaction that PostgreSQL aborts because it conflicts with another one."""
ROWS_PER_SLICE = 1_000
"""Rows with a text of 4 KiB each: 4 MiB."""

T = TypeVar("T")

Rows = Sequence[Row[*tuple[Any, ...]]]  # Any: each column's own type
RowValues = tuple[object, ...]
"""The values of a row, in the order of the parameters of a statement."""

logger = logging.getLogger(__name__)


class SerializationConflict(StoreUnavailable):
    """The server aborted the transaction in favour of a concurrent one. A retry may succeed."""


class Database(Protocol):
    """A SQL database: connections that write and connections that only read. Methods raise StoreUnavailable."""

    @property
    def dialect(self) -> Dialect:
        """The SQL that the driver takes."""
        ...

    def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[AsyncConnection]:
        """Begin a transaction that commits at the end of the block; `bulk` gives it time for many rows.

        On PostgreSQL each statement sees what was committed before the statement began: lock the rows whose values a
        later statement relies on.
        """
        ...

    async def write_rows(self, statement: str, rows: Sequence[RowValues], *, bulk: bool = False) -> None:
        """Run an INSERT of one row, in the driver's dialect, for each row, in one separate transaction.

        Raises StoreUnavailable, or the driver's error of a row that cannot be stored; then no row is stored.
        """
        ...

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[AsyncConnection]:
        """Begin a transaction that reads one snapshot of the store and is rolled back at the end of the block.

        `bulk` gives it time for many rows, and leaves connections to other reads.
        """
        ...

    def migration(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Begin a transaction like that of `write`. At most one migration runs at a time, over all processes."""
        ...

    async def connect(self) -> None:
        """Check that the store answers, accepts the credentials, and has a supported version."""
        ...

    async def ping(self) -> None:
        """Check that the store can be read now and has not failed within `FAILURE_REMEMBERED_S`."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class LastFailure:
    """The time of the store's last failure, so that `ping` reports a failure of writes although reads succeed."""

    def __init__(self) -> None:
        self._failed_at: float | None = None

    def record(self) -> None:
        self._failed_at = time.monotonic()

    def clear(self) -> None:
        self._failed_at = None

    def check(self) -> None:
        """Raise StoreUnavailable within `FAILURE_REMEMBERED_S` of a failure."""
        if self._failed_at is not None and time.monotonic() - self._failed_at < FAILURE_REMEMBERED_S:
            raise StoreUnavailable("sql", f"a transaction failed within the last {FAILURE_REMEMBERED_S:g} s")

    @contextmanager
    def track(self) -> Iterator[None]:
        """Record a StoreUnavailable that leaves the block; clear the last failure when the block succeeds.

        A conflict of transactions, or waiting for a connection in this process, is no failure of the store.
        """
        try:
            yield
        except (SerializationConflict, PoolExhausted):
            raise
        except StoreUnavailable:
            self.record()
            raise
        self.clear()


def transaction_timeout_s(*, bulk: bool) -> float:
    """Return the time that a transaction has, and how long it may wait for a connection."""
    return SCAN_TIMEOUT_S if bulk else SHORT_TIMEOUT_S


@asynccontextmanager
async def deadline(timeout_s: float) -> AsyncIterator[asyncio.Timeout]:
    """Raise StoreUnavailable unless the block ends within the timeout."""
    try:
        async with asyncio.timeout(timeout_s) as timeout:
            yield timeout
    except TimeoutError as error:
        raise StoreUnavailable("sql", f"no answer within {timeout_s} s") from error


@asynccontextmanager
async def map_driver_errors(reason_of: Callable[[DBAPIError | OSError], str | None]) -> AsyncIterator[None]:
    """Raise StoreUnavailable for a driver error that makes the store unavailable.

    `reason_of` returns why it does; None for an error that only the statement causes, which is raised unchanged.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("sql", "all connections are in use") from error
    except (DBAPIError, OSError) as error:
        if (reason := reason_of(error)) is None:
            raise
        raise StoreUnavailable("sql", reason) from error


async def retry_on_conflict(transact: Callable[[], Awaitable[T]]) -> T:
    """Run a whole transaction, and retry it after a SerializationConflict, up to `MAX_ATTEMPTS` times in total.

    Transactions that lock rows in the order of their keys do not deadlock. This is for statements whose order of locks
    the server chooses. Raises what the last attempt raises.
    """
    for attempt in range(1, MAX_ATTEMPTS):
        try:
            return await transact()
        except SerializationConflict:
            logger.info("sql: transaction aborted by a conflict; retry attempt=%d", attempt)
    return await transact()


def stream_slices(
    connection: AsyncConnection,
    statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
    parameters: Mapping[str, object] | None = None,
    *,
    rows: int = ROWS_PER_SLICE,
) -> AbstractAsyncContextManager[AsyncGenerator[Rows]]:
    """Fetch a statement's rows in slices. Rows that the block has not fetched are not read.

    All rows at once would fill the memory, and decoding them in one go would block the event loop.
    """
    return aclosing(_slices(connection, statement, parameters or {}, rows))


async def _slices(
    connection: AsyncConnection,
    statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
    parameters: Mapping[str, object],
    rows: int,
) -> AsyncGenerator[Rows]:
    async with connection.stream(statement, parameters) as result:
        while found := await result.fetchmany(rows):
            yield found


def evaluated_once(chosen: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Return a subquery that PostgreSQL evaluates once per statement, for the keys to change or delete.

    It may otherwise evaluate a subquery with FOR UPDATE again for each row of the table:
    https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-CTE-MATERIALIZATION
    """
    return select(chosen.cte("chosen").prefix_with("MATERIALIZED"))


def insert(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Return an INSERT with ON CONFLICT: the same syntax in both dialects, two classes in SQLAlchemy."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def unnest_integers(dialect: str, name: str) -> tuple[TableValuedAlias, ColumnElement[int]]:
    """Return the rows of a list of integers bound by this name, and the column that holds them."""
    rows, value = unnest_texts(dialect, name)
    return rows, cast(value, BigInteger)


def unnest_texts(dialect: str, name: str) -> tuple[TableValuedAlias, ColumnElement[str]]:
    """Return the rows of a list of texts bound by this name, and the column that holds them."""
    array = bindparam(name, type_=JSON)
    unnested = func.json_each(array) if dialect == "sqlite" else func.json_array_elements_text(array)
    rows = unnested.table_valued(column("value", String))
    return rows, rows.c.value


def broken_constraint(error: IntegrityError) -> str:
    """Return the name of the constraint that a statement violates on PostgreSQL, and its columns on SQLite."""
    cause = error.orig.__cause__ if error.orig is not None else None
    return str(getattr(cause, "constraint_name", None) or error.orig)
