"""The connection to a Cassandra cluster: statements with deadlines, and a fresh session after an outage."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

from iotflow.addresses import CassandraAddress
from iotflow.concurrency.circuit_breaker import CircuitBreaker
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.driver import (
    STORE_NAME,
    Cluster,
    InvalidQuery,
    Row,
    Session,
    Statement,
    reason_of,
    version_error,
)

OPEN_TIMEOUT_S = 5.0
"""Deadline for opening a session, which may try several hosts."""
CLOSE_TIMEOUT_S = 2.0
SHORT_TIMEOUT_S = 1.5
SCAN_TIMEOUT_S = 10.0
MAX_STATEMENTS_IN_FLIGHT = 256
"""Further statements wait for a slot until their deadline."""

PROBE = "SELECT names FROM telemetry_schemas WHERE device_id = 0"

logger = logging.getLogger(__name__)


class Cassandra:
    """A connection to one cluster through one session, which is opened on first use.

    While the circuit is open, the breaker's probe opens fresh sessions.
    """

    def __init__(self, address: CassandraAddress) -> None:
        self._address = address
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._open_lock = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(MAX_STATEMENTS_IN_FLIGHT)
        self._background: set[asyncio.Task[Session] | asyncio.Task[None]] = set()
        self.breaker = CircuitBreaker(STORE_NAME, self._replace_session, probe_timeout_s=OPEN_TIMEOUT_S)

    @property
    def address(self) -> CassandraAddress:
        """The address of the cluster."""
        return self._address

    async def connect(self) -> None:
        """Open the session. The keyspace may be missing.

        Raises StoreUnavailable with a one-line reason, also for a version of Cassandra that is not supported.
        """
        await self._get_session()

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store can be read now."""
        with _missing_schema_is_unavailable():
            await self.execute(PROBE)

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SHORT_TIMEOUT_S
    ) -> list[Row]:
        """Run one idempotent statement and return its rows. Raises StoreUnavailable."""
        async with self._borrow_session(timeout_s) as session:
            return await session.execute(cql, values)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = SHORT_TIMEOUT_S) -> None:
        """Run idempotent statements as one unlogged batch. Raises StoreUnavailable.

        The statements of one partition key are one mutation, across all tables that have the key. After an error some
        or all statements may have been applied.
        """
        async with self._borrow_session(timeout_s) as session:
            await session.execute_batch(statements)

    async def pages(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SCAN_TIMEOUT_S
    ) -> AsyncIterator[list[Row]]:
        """Run a statement and yield its pages; the deadline is that of one page. Raises StoreUnavailable."""
        state: bytes | None = None
        while True:
            async with self._borrow_session(timeout_s) as session:
                rows, state = await session.page(cql, values, state)
            yield rows
            if state is None:
                return

    async def change_schema(self, cql: str, *, timeout_s: float) -> None:
        """Run one idempotent schema change. Raises StoreUnavailable.

        The statement is not prepared: Cassandra may run a prepared one in the keyspace of the session that prepared it
        first.
        """
        async with self.breaker.guard(timeout_s):
            await (await self._get_session()).execute_unprepared(cql, timeout_s)

    async def use_keyspace(self) -> None:
        """Make the address's keyspace the default of all statements. Raises StoreUnavailable."""
        async with self.breaker.guard(OPEN_TIMEOUT_S):
            await (await self._get_session()).use_keyspace(self._address.keyspace)

    async def close(self) -> None:
        """Close the session and stop the breaker's probe."""
        await self.breaker.close()
        if self._session is not None:
            self._retire(self._session)
            self._session = None
        unfinished = set(self._background)
        if unfinished:
            _, unfinished = await asyncio.wait(unfinished, timeout=CLOSE_TIMEOUT_S)
        # A session that is still closing may write to the cluster's sockets, so they stay open.
        if self._cluster is not None and not unfinished:
            self._cluster.close()
        self._cluster = None

    @asynccontextmanager
    async def _borrow_session(self, timeout_s: float) -> AsyncIterator[Session]:
        """Acquire a slot and the session for one call.

        The wait for a slot stays outside the breaker: this process's load is no failure of the store.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._in_flight.acquire()
        except TimeoutError as error:
            raise StoreUnavailable(STORE_NAME, "too many statements are in flight") from error
        try:
            async with self.breaker.guard(timeout_s):
                yield await self._get_session()
        finally:
            self._in_flight.release()

    async def _get_session(self) -> Session:
        if self._session is None:
            async with self._open_lock:
                if self._session is None:
                    self._session = await self._open_session()
        return self._session

    async def _replace_session(self) -> None:
        """Replace the session by a fresh one that answers: one that lost its hosts takes longer to reconnect."""
        session = await self._open_session()
        try:
            with _missing_schema_is_unavailable():
                await session.execute(PROBE)
        except BaseException:
            self._retire(session)
            raise
        if self._session is not None:
            self._retire(self._session)
        self._session = session

    async def _open_session(self) -> Session:
        """Open a session in the keyspace, if the keyspace exists."""
        if self._cluster is None:
            self._cluster = Cluster(self._address)
        # Shielded: the driver blocks the event loop if a session is dropped while it opens or closes it.
        opening = asyncio.create_task(self._cluster.open_session(), name="open a Cassandra session")
        self._background.add(opening)
        opening.add_done_callback(self._background.discard)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                session = await asyncio.shield(opening)
                await self._prepare_session(session)
        except BaseException as error:
            if opening.done():
                self._retire_opened(opening)
            else:
                opening.add_done_callback(self._retire_opened)
            if isinstance(error, TimeoutError):
                raise StoreUnavailable(STORE_NAME, f"no answer within {OPEN_TIMEOUT_S} s") from error
            raise
        return session

    async def _prepare_session(self, session: Session) -> None:
        ((version,),) = await session.execute("SELECT release_version FROM system.local")
        if error := version_error(version):
            raise StoreUnavailable(STORE_NAME, error)
        with suppress(InvalidQuery):  # the keyspace does not exist yet
            await session.use_keyspace(self._address.keyspace)

    def _retire_opened(self, opening: asyncio.Task[Session]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._retire(opening.result())

    def _retire(self, session: Session) -> None:
        """Close a session in the background, after the statements in flight."""
        task = asyncio.create_task(self._close_session(session), name="close a Cassandra session")
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _close_session(self, session: Session) -> None:
        try:
            await session.close()
        except StoreUnavailable as error:
            logger.warning("Cassandra: closing a session failed: error=%r", error)


@contextmanager
def _missing_schema_is_unavailable() -> Iterator[None]:
    """Raise StoreUnavailable instead of InvalidQuery for a missing table or keyspace."""
    try:
        yield
    except InvalidQuery as error:
        raise StoreUnavailable(STORE_NAME, f"its schema is missing: {reason_of(error)}") from error
