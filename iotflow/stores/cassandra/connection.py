"""The connection with a Cassandra cluster: statements with deadlines, and a fresh session after an outage."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

from iotflow.circuit_breaker import CircuitBreaker
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.address import CassandraAddress
from iotflow.stores.cassandra.driver import STORE as STORE
from iotflow.stores.cassandra.driver import Cluster, InvalidQuery, Session, reason_of, version_error
from iotflow.stores.cassandra.driver import Row as Row
from iotflow.stores.cassandra.driver import Statement as Statement

OPEN_TIMEOUT_S = 5.0
"""For a whole session: several hosts may be tried."""
CLOSE_TIMEOUT_S = 2.0
POINT_TIMEOUT_S = 1.5
SCAN_TIMEOUT_S = 10.0
IN_FLIGHT = 256
"""Statements under way at a time; more wait for their turn within their deadline."""

PROBE = "SELECT names FROM devices WHERE device_id = 0"

logger = logging.getLogger(__name__)


class Cassandra:
    """A cluster, as one session reaches it, from when it is first used.

    While the circuit is open, a probe tries fresh sessions.
    """

    def __init__(self, address: CassandraAddress) -> None:
        self._address = address
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._under_way: set[asyncio.Task[Session] | asyncio.Task[None]] = set()
        self.breaker = CircuitBreaker(STORE, self._renew, probe_timeout_s=OPEN_TIMEOUT_S)

    @property
    def address(self) -> CassandraAddress:
        """Where the cluster is."""
        return self._address

    async def connect(self) -> None:
        """Open the session. Raises StoreUnavailable with a reason of one line, also for a Cassandra that is too old.

        The keyspace may not exist yet.
        """
        await self._ready()

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store can be read now."""
        with _schema_demanded():
            await self.execute(PROBE)

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = POINT_TIMEOUT_S
    ) -> list[Row]:
        """Run one statement that may be repeated without harm; its rows. Raises StoreUnavailable."""
        async with self._in_turn(timeout_s) as session:
            return await session.execute(cql, values)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = POINT_TIMEOUT_S) -> None:
        """Make changes that may be repeated without harm. Raises StoreUnavailable.

        Those of one partition key are made in one go, in all tables that have it. After an error some or all may have
        been made.
        """
        async with self._in_turn(timeout_s) as session:
            await session.execute_batch(statements)

    async def pages(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SCAN_TIMEOUT_S
    ) -> AsyncIterator[list[Row]]:
        """Run a statement page by page, each within its own deadline. Raises StoreUnavailable."""
        state: bytes | None = None
        while True:
            async with self._in_turn(timeout_s) as session:
                rows, state = await session.page(cql, values, state)
            yield rows
            if state is None:
                return

    async def change_schema(self, cql: str, *, timeout_s: float) -> None:
        """Run one statement that changes the schema; it may be repeated without harm. Raises StoreUnavailable.

        It is not prepared: prepared ones may run in the keyspace of whoever prepared them first.
        """
        async with self.breaker.guard(timeout_s):
            await (await self._ready()).execute_unprepared(cql, timeout_s)

    async def use_keyspace(self) -> None:
        """Let statements that name no keyspace mean the address's. Raises StoreUnavailable."""
        async with self.breaker.guard(OPEN_TIMEOUT_S):
            await (await self._ready()).use_keyspace(self._address.keyspace)

    async def close(self) -> None:
        """Close the session, and stop probing."""
        await self.breaker.close()
        if self._session is not None:
            self._retire(self._session)
            self._session = None
        unfinished = set(self._under_way)
        if unfinished:
            _, unfinished = await asyncio.wait(unfinished, timeout=CLOSE_TIMEOUT_S)
        # A session that did not end in time may still write to the cluster's sockets.
        if self._cluster is not None and not unfinished:
            self._cluster.close()
        self._cluster = None

    @asynccontextmanager
    async def _in_turn(self, timeout_s: float) -> AsyncIterator[Session]:
        """The session, for one call of so many seconds. Waiting for a turn is this process's doing, not the store's."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._in_flight.acquire()
        except TimeoutError as error:
            raise StoreUnavailable(STORE, "too many statements are under way") from error
        try:
            async with self.breaker.guard(timeout_s):
                yield await self._ready()
        finally:
            self._in_flight.release()

    async def _ready(self) -> Session:
        """The session, opened where there is none."""
        if self._session is None:
            async with self._opening:
                if self._session is None:
                    self._session = await self._open()
        return self._session

    async def _renew(self) -> None:
        """Replace the session by a fresh one that answers: one that lost its hosts takes longer to come back."""
        session = await self._open()
        try:
            with _schema_demanded():
                await session.execute(PROBE)
        except BaseException:
            self._retire(session)
            raise
        if self._session is not None:
            self._retire(self._session)
        self._session = session

    async def _open(self) -> Session:
        """A session in the keyspace, if there is one."""
        if self._cluster is None:
            self._cluster = Cluster(self._address)
        # Never cancelled: a session that is dropped while the driver opens or closes it holds up the event loop.
        opening = asyncio.create_task(self._cluster.session(), name="opening a session with Cassandra")
        self._under_way.add(opening)
        opening.add_done_callback(self._under_way.discard)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                session = await asyncio.shield(opening)
                await self._prepare(session)
        except BaseException as error:
            if opening.done():
                self._retire_opened(opening)
            else:
                opening.add_done_callback(self._retire_opened)
            if isinstance(error, TimeoutError):
                raise StoreUnavailable(STORE, f"no answer within {OPEN_TIMEOUT_S} s") from error
            raise
        return session

    async def _prepare(self, session: Session) -> None:
        ((version,),) = await session.execute("SELECT release_version FROM system.local")
        if error := version_error(version):
            raise StoreUnavailable(STORE, error)
        with suppress(InvalidQuery):  # there is none yet
            await session.use_keyspace(self._address.keyspace)

    def _retire_opened(self, opening: asyncio.Task[Session]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._retire(opening.result())

    def _retire(self, session: Session) -> None:
        """Close a session without waiting for what is still under way in it."""
        task = asyncio.create_task(self._end(session), name="closing a session with Cassandra")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _end(self, session: Session) -> None:
        try:
            await session.close()
        except StoreUnavailable as error:
            logger.warning("a session with Cassandra did not end well: %r", error)


@contextmanager
def _schema_demanded() -> Iterator[None]:
    """Turn the complaint that there is no such table into StoreUnavailable."""
    try:
        yield
    except InvalidQuery as error:
        raise StoreUnavailable(STORE, f"its schema is missing: {reason_of(error)}") from error
