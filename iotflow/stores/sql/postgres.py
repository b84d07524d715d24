"""PostgreSQL: how a server is connected to, and what its errors mean."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Dialect, NullPool, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from iotflow.concurrency.circuit_breaker import CircuitBreaker
from iotflow.concurrency.tasks import run_to_completion
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import database
from iotflow.stores.sql.database import (
    LastFailure,
    RowValues,
    SerializationConflict,
    deadline,
    map_driver_errors,
    transaction_timeout_s,
)
from iotflow.stores.sql.pool import ConnectionCloser, ConnectionLimiter

OLDEST_VERSION = 15
CONNECT_TIMEOUT_S = 1.5
POOL_TIMEOUT_S = 1.5
MIGRATION_TIMEOUT_S = 3_600.0
WRITE_CONNECTIONS = 5
READ_CONNECTIONS = 10

MIGRATION_LOCK: Final = 0x10F_F10E
"""The advisory lock that one migration holds at a time."""

# Classes and codes of SQLSTATE: serialization failure and deadlock; data that no column takes, broken constraints.
_CONFLICTS = ("40001", "40P01")
_STATEMENT_ERRORS = ("22", "23", *_CONFLICTS)
_SERVER_OPTIONS = ("host", "port")
_FILE_OPTIONS = ("sslrootcert", "sslcert", "sslkey", "sslcrl")


class PostgresDatabase:
    """PostgreSQL implementation of `Database`: a pool that writes, a pool that only reads, a circuit breaker."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._closer = ConnectionCloser()
        self._writer, self._reader = _pooled_engines(url, database.SCAN_TIMEOUT_S, self._closer)
        self._migrator = _migration_engine(url)
        self._write_limiter = ConnectionLimiter("sql_write", WRITE_CONNECTIONS, bulk=WRITE_CONNECTIONS * 3 // 5)
        self._read_limiter = ConnectionLimiter("sql_read", READ_CONNECTIONS, bulk=READ_CONNECTIONS // 2)
        self._breaker = CircuitBreaker("sql", self._probe, probe_timeout_s=2 * database.SHORT_TIMEOUT_S)
        self._last_failure = LastFailure()

    @property
    def dialect(self) -> Dialect:
        return self._writer.dialect

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        with self._last_failure.track():
            async with (
                self._guard_driver_calls(self._write_limiter, bulk) as timeout,
                self._writer.connect() as connection,
            ):
                await connection.begin()
                yield connection
                # A commit that was cut short might have been made or not, so it is not cancelled.
                timeout.reschedule(None)
                await run_to_completion(self._commit(connection))

    async def write_rows(self, statement: str, rows: Sequence[RowValues], *, bulk: bool = False) -> None:
        async with self.write(bulk=bulk) as connection:
            await connection.exec_driver_sql(statement, list(rows))

    @asynccontextmanager
    async def read(self, *, bulk: bool = False) -> AsyncIterator[AsyncConnection]:
        async with self._guard_driver_calls(self._read_limiter, bulk), self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        async with deadline(MIGRATION_TIMEOUT_S), self._map_errors(), self._migrator.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            yield connection

    async def connect(self) -> None:
        # Without the breaker: while a server starts, each attempt must report its own reason.
        async with deadline(2 * database.SHORT_TIMEOUT_S), self._map_errors(), self._reader.connect() as connection:
            await require_min_version(connection)

    async def ping(self) -> None:
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))
        self._last_failure.check()

    async def close(self) -> None:
        await self._breaker.close()
        await self._reader.dispose()
        await self._writer.dispose()
        await self._closer.drain()

    @asynccontextmanager
    async def _guard_driver_calls(self, limiter: ConnectionLimiter, bulk: bool) -> AsyncIterator[asyncio.Timeout]:
        """Yield the deadline of a block of calls on a connection of the limiter's, and map the driver's errors."""
        timeout_s = transaction_timeout_s(bulk=bulk)
        admission: AbstractAsyncContextManager[None] = nullcontext()
        # While the circuit is open the breaker refuses at once: waiting for a connection first would cost its time.
        if not self._breaker.is_open:
            admission = limiter.acquire(timeout_s, bulk=bulk)
        try:
            async with admission, self._breaker.guard(timeout_s) as timeout, self._map_errors():
                yield timeout
        except DBAPIError as error:
            if not _is_conflict(error):
                raise
            # Mapped outside the breaker: a server that aborts one of two transactions is available.
            raise SerializationConflict("sql", "the transaction was aborted by a concurrent one; retry") from error

    def _map_errors(self) -> AbstractAsyncContextManager[None]:
        return map_driver_errors(lambda error: _failure(error, self._url))

    async def _commit(self, connection: AsyncConnection) -> None:
        async with deadline(database.SHORT_TIMEOUT_S):
            await connection.commit()

    async def _probe(self) -> None:
        async with self._map_errors(), self._writer.connect() as connection:
            await connection.execute(text("SELECT 1"))
        self._last_failure.clear()


def _pooled_engines(url: str, max_statement_s: float, closer: ConnectionCloser) -> tuple[AsyncEngine, AsyncEngine]:
    """Return an engine that writes and one that reads. Each has its pool, so that reads never delay ingest."""
    session = {
        # The client's deadlines are shorter. These end the transactions of a client that has died or hangs.
        "statement_timeout": f"{max_statement_s + 0.5:.1f}s",
        "idle_in_transaction_session_timeout": f"{max_statement_s + 5:.1f}s",
        # A generic plan made while a table was small would read a table that has grown since by sequential scans, until
        # the next ANALYZE. Planning again, by the table's size on disk, costs 0.1 ms.
        "plan_cache_mode": "force_custom_plan",
    }
    # A read sees one snapshot, as on SQLite. Read-only transactions at this level never fail with a conflict.
    snapshot = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}
    latest = {"default_transaction_isolation": "read committed"}
    writer = _pooled(url, WRITE_CONNECTIONS, max_statement_s, {**session, **latest}, closer)
    return writer, _pooled(url, READ_CONNECTIONS, max_statement_s, {**session, **snapshot}, closer)


def _migration_engine(url: str) -> AsyncEngine:
    """Return an engine whose statements have no deadline on the server."""
    return create_async_engine(
        _server_url(url),
        hide_parameters=True,
        poolclass=NullPool,
        connect_args=_arguments(url, {"statement_timeout": "0"}),
    )


def _pooled(
    url: str, connections: int, max_statement_s: float, settings: dict[str, str], closer: ConnectionCloser
) -> AsyncEngine:
    pooled = create_async_engine(
        _server_url(url),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={
            **_arguments(url, settings),
            "command_timeout": max_statement_s,
            "async_creator_fn": closer.open,
        },
    )

    @event.listens_for(pooled.sync_engine, "checkout")
    def refuse_closed(connection: Any, _record: object, _proxy: object) -> None:  # Any: the adapter is untyped
        # A server that was restarted has closed all connections, and the driver has noticed. The pool's own check
        # (pool_pre_ping) would cost each transaction three round trips.
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError

    # SQLAlchemy's implementation waits for the server, so a cancelled caller would not return until it answers.
    pooled.sync_engine.dialect.do_terminate = closer.close_later  # type: ignore[method-assign]  # no hook is offered
    return pooled


def _arguments(url: str, settings: dict[str, str]) -> dict[str, Any]:  # Any: what asyncpg.connect takes
    """Return asyncpg's arguments: the URL's query, and the defaults of a session that the query does not set."""
    query = {name: value for name, value in make_url(url).query.items() if name not in _SERVER_OPTIONS}
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    session = {"application_name": "iotflow", **settings}
    return {
        "dsn": f"postgresql:///?{urlencode(query)}",
        "timeout": CONNECT_TIMEOUT_S,
        "server_settings": {name: value for name, value in session.items() if name not in query},
    }


def _server_url(url: str) -> URL:
    """Return the URL without the options that `_arguments` passes to asyncpg."""
    parsed = make_url(url)
    return parsed.set(query={name: value for name, value in parsed.query.items() if name in _SERVER_OPTIONS})


async def require_min_version(connection: AsyncConnection) -> None:
    """Raise StoreUnavailable for a server older than `OLDEST_VERSION`."""
    version_query = text("SELECT current_setting('server_version_num'), current_setting('server_version')")
    number, version = (await connection.execute(version_query)).one()
    if int(number) // 10_000 < OLDEST_VERSION:
        raise StoreUnavailable("sql", f"PostgreSQL {OLDEST_VERSION} or later is needed, this one is {version}")


def _is_conflict(error: DBAPIError) -> bool:
    return _sqlstate(error) in _CONFLICTS


def _failure(error: DBAPIError | OSError, url: str) -> str | None:
    """Return why the store is unavailable, in one line without the password; None for an error of the statement."""
    if isinstance(error, OSError):
        server = make_url(url)
        if fault := _file_fault(server):
            return fault
        return f"the server at {server.host}:{server.port or 5432}: {_network_fault(error)}"
    sqlstate = _sqlstate(error)
    if sqlstate is not None and sqlstate.startswith(_STATEMENT_ERRORS):
        return None
    return _first_line(_cause(error))


def _network_fault(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"no TLS connection: its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection: {error.reason or _first_line(error)}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or _first_line(error)
    # The message of asyncio's own OSError lacks the reason.
    return os.strerror(error.errno)


def _file_fault(url: URL) -> str | None:
    """Return which of the URL's files cannot be read or is no PEM file; None when all are good."""
    for option in _FILE_OPTIONS:
        if path := url.normalized_query.get(option):
            try:
                content = Path(path[0]).read_bytes()
            except OSError as error:
                return f"{option}={path[0]} cannot be read: {error.strerror}"
            if b"-----BEGIN " not in content:
                return f"{option}={path[0]} is no file in PEM"
    return None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _cause(error: DBAPIError) -> BaseException:
    """Return the driver's error, which SQLAlchemy's adapter has wrapped."""
    adapted = error.orig
    return error if adapted is None else adapted.__cause__ or adapted


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
