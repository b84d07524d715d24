"""How PostgreSQL is connected to, and what its errors mean."""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import NullPool, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from iotflow.domain.errors import StoreUnavailable

OLDEST_VERSION = 15
CONNECT_TIMEOUT_S = 1.5
POOL_TIMEOUT_S = 1.5
PARTING_TIMEOUT_S = 2.0
WRITERS = 5
READERS = 10

MIGRATION_LOCK: Final = 0x10F_F10E
"""The advisory lock that one migration holds at a time."""

# Classes and codes of SQLSTATE: serialization failure and deadlock; data that no column takes, broken constraints.
_CONTENTION = ("40001", "40P01")
_STATEMENTS_OWN = ("22", "23", *_CONTENTION)
_PLACE = ("host", "port")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

logger = logging.getLogger(__name__)


class NoTurn(StoreUnavailable):
    """All connections were in use for too long. The store itself may be well."""


class Turns:
    """Who may use a connection next: first come, first served, and those who read or write much never use all.

    Waiting for a turn is the doing of this process, and no failure of the store.
    """

    def __init__(self, connections: int, *, bulk: int) -> None:
        self._any = asyncio.Semaphore(connections)
        self._bulk = asyncio.Semaphore(bulk)

    @asynccontextmanager
    async def take(self, within_s: float, *, bulk: bool) -> AsyncIterator[None]:
        """A turn for the time of the block. Raises NoTurn when none has come within so many seconds."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(within_s):
                    if bulk:
                        await stack.enter_async_context(self._bulk)
                    await stack.enter_async_context(self._any)
            except TimeoutError as error:
                raise NoTurn("sql", "all connections are in use") from error
            yield


class Partings:
    """Connections that nobody waits for any more, opened to their end and closed in the background."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    async def open(self, *arguments: Any, **options: Any) -> Any:  # Any: what asyncpg.connect takes and gives
        """A connection of asyncpg's. Whoever is cancelled meanwhile leaves at once; it is closed when it is there.

        Asyncpg itself must not be cancelled then: between the connection and the request for TLS that would leave an
        exception that nobody retrieves, and a line of it in the log.
        """
        import asyncpg  # type: ignore[import-untyped]  # it has no types

        opening = self._keep(asyncio.create_task(asyncpg.connect(*arguments, **options)))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._part_with)
            raise

    def begin(self, dbapi_connection: Any) -> None:  # Any: the adapter is untyped
        """Close a connection that nobody uses any more."""
        driver = dbapi_connection.driver_connection
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            driver.terminate()
            return
        self._keep(loop.create_task(_part(driver)))

    async def finish(self) -> None:
        """Wait for what is under way: for as long as it takes at most to connect, and two seconds to part."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _part_with(self, opened: asyncio.Task[Any]) -> None:
        if not opened.cancelled() and opened.exception() is None:
            self._keep(asyncio.create_task(_part(opened.result())))

    def _keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task


async def _part(driver: Any) -> None:  # Any: asyncpg has no types
    try:
        await driver.close(timeout=PARTING_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001  # whatever has become of it, it is gone
        logger.debug("a connection did not part in good order: %r", error)


def postgres_engines(url: str, longest_statement_s: float, partings: Partings) -> tuple[AsyncEngine, AsyncEngine]:
    """An engine that writes and one that reads, each with a pool of its own, so that reports never hold up ingest."""
    session = {
        # The client gives up first; these end what a client that has died or hangs has left behind.
        "statement_timeout": f"{longest_statement_s + 0.5:.1f}s",
        "idle_in_transaction_session_timeout": f"{longest_statement_s + 5:.1f}s",
    }
    # A read sees one state of the store throughout, as on SQLite; such transactions never fail for the sake of others.
    snapshot = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}
    latest = {"default_transaction_isolation": "read committed"}
    writer = _pooled(url, WRITERS, longest_statement_s, {**session, **latest}, partings)
    return writer, _pooled(url, READERS, longest_statement_s, {**session, **snapshot}, partings)


def postgres_migrator(url: str) -> AsyncEngine:
    """An engine for one transaction that may take as long as it takes."""
    return create_async_engine(
        _place(url), hide_parameters=True, poolclass=NullPool, connect_args=_arguments(url, {"statement_timeout": "0"})
    )


def _pooled(
    url: str, connections: int, longest_statement_s: float, settings: dict[str, str], partings: Partings
) -> AsyncEngine:
    engine = create_async_engine(
        _place(url),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={
            **_arguments(url, settings),
            "command_timeout": longest_statement_s,
            "async_creator_fn": partings.open,
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_closed(connection: Any, _record: object, _proxy: object) -> None:  # Any: the adapter is untyped
        # A server that was restarted has closed all connections, which the driver has noticed by now. To ask the
        # server, as the pool itself can, would cost each transaction three round trips.
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError

    # SQLAlchemy's own way keeps whoever was cancelled waiting for as long as the server takes.
    engine.sync_engine.dialect.do_terminate = partings.begin  # type: ignore[method-assign]  # no hook is offered
    return engine


def _arguments(url: str, settings: dict[str, str]) -> dict[str, Any]:  # Any: what asyncpg.connect takes
    """The URL's query as asyncpg understands it, and what every session has unless the query says otherwise."""
    query = {name: value for name, value in make_url(url).query.items() if name not in _PLACE}
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    session = {"application_name": "iotflow", **settings}
    return {
        "dsn": f"postgresql:///?{urlencode(query)}",
        "timeout": CONNECT_TIMEOUT_S,
        "server_settings": {name: value for name, value in session.items() if name not in query},
    }


def _place(url: str) -> URL:
    parsed = make_url(url)
    return parsed.set(query={name: value for name, value in parsed.query.items() if name in _PLACE})


async def refuse_older(connection: AsyncConnection) -> None:
    """Raise StoreUnavailable for a server that is too old."""
    asked = text("SELECT current_setting('server_version_num'), current_setting('server_version')")
    number, version = (await connection.execute(asked)).one()
    if int(number) // 10_000 < OLDEST_VERSION:
        raise StoreUnavailable("sql", f"PostgreSQL {OLDEST_VERSION} or later is needed, this one is {version}")


def is_contention(error: DBAPIError) -> bool:
    """Whether PostgreSQL has ended a transaction in favour of another one: the same again may succeed."""
    return _code(error) in _CONTENTION


def postgres_failure(error: DBAPIError | OSError, url: str) -> str | None:
    """Why the store cannot be used, in one line without the password; None for an error that is the statement's own."""
    if isinstance(error, OSError):
        place = make_url(url)
        if unreadable := _unreadable_file(place):
            return unreadable
        return f"the server at {place.host}:{place.port or 5432}: {_unreachable(error)}"
    code = _code(error)
    if code is not None and code.startswith(_STATEMENTS_OWN):
        return None
    return _first_line(_cause(error))


def _unreachable(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"no TLS connection: its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection: {error.reason or _first_line(error)}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or _first_line(error)
    # What asyncio says in the place of the system's own words lacks the reason.
    return os.strerror(error.errno)


def _unreadable_file(url: URL) -> str | None:
    """Which of the files that the URL names cannot be read, or holds none of what it should; None for none of them."""
    for option in _FILES:
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
    """The driver's own error, which SQLAlchemy's adapter has wrapped."""
    adapted = error.orig
    return error if adapted is None else adapted.__cause__ or adapted


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
