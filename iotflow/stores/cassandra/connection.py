"""The session with a Cassandra cluster: statements with deadlines, and a fresh session after an outage."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import acsylla  # type: ignore[import-untyped]  # the driver has no types

from iotflow.circuit_breaker import CircuitBreaker
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.address import CassandraAddress, Tls, Verification

STORE = "telemetry"
LEAST_VERSION = (5, 0)

CONNECT_TIMEOUT_S = 1.0
OPEN_TIMEOUT_S = 5.0
"""For a whole session: several hosts may be tried."""
CLOSE_TIMEOUT_S = 2.0
POINT_TIMEOUT_S = 1.5
SCAN_TIMEOUT_S = 10.0
RECONNECT_MS = (1_000, 4_000)
SPECULATE_AFTER_MS = 500
"""After so long a statement is sent to a second node too: one that hangs does not hold up what others can answer."""
IN_FLIGHT = 256
"""Statements under way at a time; more wait for their turn within their deadline."""
ROWS_PER_PAGE = 2_000

PROBE = "SELECT names FROM devices WHERE device_id = 0"

Row = tuple[Any, ...]
"""A row in the order of the columns asked for. Any: what the driver makes of a column's type."""

Statement = tuple[str, Sequence[object]]
"""CQL with its values. The text is one of a few constants, each prepared once a session."""

_FAULTS_OF_OURS = (
    acsylla.errors.CassErrorServerSyntaxError,
    acsylla.errors.CassErrorServerInvalidQuery,
    acsylla.errors.CassErrorServerAlreadyExists,
)

# With SSL_VERIFY_PEER_CERT alone any certificate of the authority will do; the driver checks names only beside it.
_VERIFY_FLAGS = {
    Verification.AUTHORITY: acsylla.SSLVerifyFlags.PEER_CERT.value,
    Verification.ADDRESS: acsylla.SSLVerifyFlags.PEER_CERT.value | acsylla.SSLVerifyFlags.PEER_IDENTITY.value,
    Verification.HOSTNAME: acsylla.SSLVerifyFlags.PEER_CERT.value | acsylla.SSLVerifyFlags.PEER_IDENTITY_DNS.value,
}

logger = logging.getLogger(__name__)


class Cassandra:
    """A cluster, as one session reaches it. While the circuit is open, a probe tries fresh sessions."""

    def __init__(self, address: CassandraAddress) -> None:
        self._address = address
        self._session: _Session | None = None
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._closing: set[asyncio.Task[None]] = set()
        self.breaker = CircuitBreaker(STORE, self._renew, probe_timeout_s=OPEN_TIMEOUT_S)

    @property
    def address(self) -> CassandraAddress:
        """Where the cluster is."""
        return self._address

    async def connect(self, *, to_migrate: bool = False) -> None:
        """Open the session. Raises StoreUnavailable with a reason of one line: also for an old Cassandra, and for a
        keyspace that does not exist, unless the caller is about to make it.
        """
        self._session = await self._open(with_keyspace=not to_migrate)

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store can be read now."""
        await self.execute(PROBE)

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = POINT_TIMEOUT_S
    ) -> list[Row]:
        """Run one statement that may be repeated without harm; its rows. Raises StoreUnavailable."""
        async with self.breaker.guard(timeout_s), self._in_flight:
            with _translated():
                return await self._current().execute(cql, values)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = POINT_TIMEOUT_S) -> None:
        """Change rows of one partition key in one go, in all tables that have it. Raises StoreUnavailable.

        The changes may be repeated without harm. After an error they may have been made all the same.
        """
        async with self.breaker.guard(timeout_s), self._in_flight:
            with _translated():
                await self._current().execute_batch(statements)

    async def pages(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SCAN_TIMEOUT_S
    ) -> AsyncIterator[list[Row]]:
        """Run a statement page by page, each within its own deadline. Raises StoreUnavailable."""
        state: bytes | None = None
        while True:
            async with self.breaker.guard(timeout_s), self._in_flight:
                with _translated():
                    rows, state = await self._current().page(cql, values, state)
            yield rows
            if state is None:
                return

    async def use_keyspace(self) -> None:
        """Let statements that name no keyspace mean the address's. Raises StoreUnavailable."""
        with _translated():
            await self._current().driver.set_keyspace(self._address.keyspace)

    async def close(self) -> None:
        """Close the session, and stop probing."""
        await self.breaker.close()
        if self._session is not None:
            self._retire(self._session)
            self._session = None
        if self._closing:
            await asyncio.wait(self._closing)

    def _current(self) -> "_Session":
        if self._session is None:
            raise StoreUnavailable(STORE, "it is not connected")
        return self._session

    async def _renew(self) -> None:
        """Replace the session by a fresh one that answers: one that lost its hosts takes longer to come back."""
        session = await self._open(with_keyspace=True)
        try:
            with _translated():
                await session.execute(PROBE, ())
        except BaseException:
            self._retire(session)
            raise
        if self._session is not None:
            self._retire(self._session)
        self._session = session

    async def _open(self, *, with_keyspace: bool) -> "_Session":
        cluster = _cluster(self._address)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                with _translated():
                    session = _Session(await cluster.create_session())
        except TimeoutError as error:
            raise StoreUnavailable(STORE, f"no host answered within {OPEN_TIMEOUT_S} s") from error
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                with _translated():
                    await self._prepare(session, with_keyspace=with_keyspace)
        except TimeoutError as error:
            self._retire(session)
            raise StoreUnavailable(STORE, f"no answer within {OPEN_TIMEOUT_S} s") from error
        except BaseException:
            self._retire(session)
            raise
        return session

    async def _prepare(self, session: "_Session", *, with_keyspace: bool) -> None:
        ((version,),) = await session.execute("SELECT release_version FROM system.local", ())
        if error := version_error(version):
            raise StoreUnavailable(STORE, error)
        if with_keyspace:
            keyspace = self._address.keyspace
            named = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?"
            if not await session.execute(named, [keyspace]):
                raise StoreUnavailable(STORE, f"there is no keyspace {keyspace!r}: `iotflow migrate` makes it")
            await session.driver.set_keyspace(keyspace)

    def _retire(self, session: "_Session") -> None:
        """Close a session without waiting for what is still under way in it."""
        task = asyncio.create_task(session.close(), name="closing a session with Cassandra")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Session:
    """A session of the driver with its prepared statements."""

    def __init__(self, driver: Any) -> None:  # Any: as the driver has no types
        self.driver = driver
        self._prepared: dict[str, Any] = {}

    async def execute(self, cql: str, values: Sequence[object]) -> list[Row]:
        result = await self.driver.execute(await self._bound(cql, values))
        return [row.as_tuple() for row in result]

    async def execute_batch(self, statements: Sequence[Statement]) -> None:
        batch = acsylla.create_batch_unlogged()
        batch.set_is_idempotent(True)
        for cql, values in statements:
            batch.add_statement(await self._bound(cql, values))
        await self.driver.execute_batch(batch)

    async def page(self, cql: str, values: Sequence[object], state: bytes | None) -> tuple[list[Row], bytes | None]:
        """One page and where the next one begins, None after the last."""
        statement = await self._bound(cql, values)
        statement.set_page_size(ROWS_PER_PAGE)
        if state is not None:
            statement.set_page_state(state)
        result = await self.driver.execute(statement)
        return [row.as_tuple() for row in result], result.page_state() if result.has_more_pages() else None

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError, acsylla.errors.CassException):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.driver.close()

    async def _bound(self, cql: str, values: Sequence[object]) -> Any:
        prepared = self._prepared.get(cql)
        if prepared is None:
            prepared = self._prepared[cql] = await self.driver.create_prepared(cql)
        statement = prepared.bind()
        statement.bind_list(list(values))
        statement.set_is_idempotent(True)
        return statement


def version_error(version: str) -> str | None:
    """Why this version of Cassandra will not do, or None."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is not None and (int(numbers[1]), int(numbers[2])) >= LEAST_VERSION:
        return None
    return f"Cassandra 5.0 or later is needed, and this one is {version}"


def _cluster(address: CassandraAddress) -> Any:
    return acsylla.create_cluster(
        list(address.hosts),
        port=address.port,
        username=address.user,
        password=address.password,
        connect_timeout=CONNECT_TIMEOUT_S,
        request_timeout=SCAN_TIMEOUT_S,
        consistency=address.consistency,
        serial_consistency="SERIAL",
        exponential_reconnect_base_delay_ms=RECONNECT_MS[0],
        exponential_reconnect_max_delay_ms=RECONNECT_MS[1],
        load_balance_dc_aware=address.data_centre,
        speculative_execution_policy=acsylla.SpeculativeExecutionPolicy(SPECULATE_AFTER_MS, 1),
        hostname_resolution=address.tls is not None and address.tls.verification is Verification.HOSTNAME,
        application_name="iotflow",
        # The driver calls it an error that Cassandra is not Scylla, once a connection. What goes wrong is raised.
        log_level="critical",
        **_tls_options(address.tls),
    )


def _tls_options(tls: Tls | None) -> dict[str, object]:
    if tls is None:
        return {}
    return {
        "ssl_enabled": True,
        "ssl_trusted_cert": _pem("ca", tls.ca),
        "ssl_cert": None if tls.certificate is None else _pem("cert", tls.certificate),
        "ssl_private_key": None if tls.key is None else _pem("key", tls.key),
        # The driver takes one of its flags, and two are needed together.
        "ssl_verify_flags": SimpleNamespace(value=_VERIFY_FLAGS[tls.verification]),
    }


def _pem(option: str, path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise StoreUnavailable(STORE, f"{option}={path} cannot be read: {error.strerror}") from error


@contextmanager
def _translated() -> Iterator[None]:
    """What the driver raises when the store is to blame becomes StoreUnavailable."""
    try:
        yield
    except _FAULTS_OF_OURS:
        raise
    except acsylla.errors.CassException as error:
        reason = " ".join(str(part) for part in error.args) or type(error).__name__
        raise StoreUnavailable(STORE, reason.replace("\n", " ")) from error
