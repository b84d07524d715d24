"""The driver, acsylla, with what it leaves to its users: errors, prepared statements, sockets to close."""

import asyncio
import gc
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import acsylla  # type: ignore[import-untyped]  # the driver has no types

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.address import CassandraAddress, Tls, Verification

STORE = "telemetry"
LEAST_VERSION = (5, 0)

CONNECT_TIMEOUT_S = 1.0
REQUEST_TIMEOUT_S = 10.0
RECONNECT_MS = (1_000, 4_000)
SPECULATE_AFTER_MS = 500
"""After so long a statement is sent to a second node too: one that hangs does not hold up what others can answer."""
ROWS_PER_PAGE = 2_000

Row = tuple[Any, ...]
"""A row in the order of the columns asked for. Any: what the driver makes of a column's type."""

Statement = tuple[str, Sequence[object]]
"""CQL with its values. The text is one of a few constants, each prepared once a session."""

InvalidQuery = acsylla.errors.CassErrorServerInvalidQuery
"""Raised for a statement that does not fit the schema."""

NO_CONTACT_POINTS = "Unable to connect to any contact points"
"""What the driver says when it has found no address."""
UNKNOWN_HOSTS = "no host of such a name is known"

_FAULTS_OF_OURS = (
    InvalidQuery,
    acsylla.errors.CassErrorServerSyntaxError,
    acsylla.errors.CassErrorServerAlreadyExists,
)

# The driver looks at the authority only where it is told to, whatever else it looks at.
_VERIFY_FLAGS = {
    Verification.AUTHORITY: acsylla.SSLVerifyFlags.PEER_CERT.value,
    Verification.ADDRESS: acsylla.SSLVerifyFlags.PEER_CERT.value | acsylla.SSLVerifyFlags.PEER_IDENTITY.value,
    Verification.HOSTNAME: acsylla.SSLVerifyFlags.PEER_CERT.value | acsylla.SSLVerifyFlags.PEER_IDENTITY_DNS.value,
}


@contextmanager
def translated() -> Iterator[None]:
    """What the driver raises when the store is to blame becomes StoreUnavailable."""
    try:
        yield
    except _FAULTS_OF_OURS:
        raise
    except acsylla.errors.CassException as error:
        raise StoreUnavailable(STORE, reason_of(error)) from error


def reason_of(error: Exception) -> str:
    """What a driver's error says, in one line."""
    return " ".join(" ".join(map(str, error.args)).split()) or type(error).__name__


class Cluster:
    """Makes sessions with one cluster. Each object of the driver's own kind takes four sockets, so there is one."""

    def __init__(self, address: CassandraAddress) -> None:
        """Raises StoreUnavailable for certificates that cannot be read."""
        self._place = f"{','.join(address.hosts)}:{address.port}"
        self._driver = _cluster(address)
        self._loop = asyncio.get_running_loop()

    async def session(self) -> "Session":
        """A new session, without a keyspace. Raises StoreUnavailable."""
        try:
            with translated():
                return Session(await self._driver.create_session())
        except StoreUnavailable as error:
            reason = UNKNOWN_HOSTS if NO_CONTACT_POINTS in str(error) else error
            raise StoreUnavailable(STORE, f"{self._place}: {reason}") from error

    def close(self) -> None:
        """Close the sockets by which the driver's threads wake the event loop up, after all sessions."""
        for owner in (self._driver, self._driver.get_logger()):
            for attribute in gc.get_referents(owner):  # the driver neither closes them nor tells which they are
                if isinstance(attribute, socket.socket):
                    self._loop.remove_reader(attribute)
                    attribute.close()


class Session:
    """A session of the driver with its prepared statements. Statements may be repeated without harm."""

    def __init__(self, driver: Any) -> None:  # Any: the driver has no types
        self.driver = driver
        self._prepared: dict[str, Any] = {}

    async def execute(self, cql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement; its rows. Raises StoreUnavailable, as the others do."""
        with translated():
            result = await self.driver.execute(await self._bound(cql, values))
            return [row.as_tuple() for row in result]

    async def execute_batch(self, statements: Sequence[Statement]) -> None:
        """Run changes; those of one partition key are one mutation."""
        with translated():
            batch = acsylla.create_batch_unlogged()
            batch.set_is_idempotent(True)
            for cql, values in statements:
                batch.add_statement(await self._bound(cql, values))
            await self.driver.execute_batch(batch)

    async def execute_unprepared(self, cql: str, timeout_s: float) -> None:
        """Run one statement as it stands."""
        with translated():
            statement = acsylla.create_statement(cql, timeout=timeout_s)
            statement.set_is_idempotent(True)
            await self.driver.execute(statement)

    async def page(self, cql: str, values: Sequence[object], state: bytes | None) -> tuple[list[Row], bytes | None]:
        """One page and where the next one begins, None after the last."""
        with translated():
            statement = await self._bound(cql, values)
            statement.set_page_size(ROWS_PER_PAGE)
            if state is not None:
                statement.set_page_state(state)
            result = await self.driver.execute(statement)
            return [row.as_tuple() for row in result], result.page_state() if result.has_more_pages() else None

    async def use_keyspace(self, keyspace: str) -> None:
        """Let statements that name no keyspace mean this one."""
        with translated():
            await self.driver.set_keyspace(keyspace)

    async def close(self) -> None:
        """End it, after what is under way in it."""
        with translated():
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
        request_timeout=REQUEST_TIMEOUT_S,
        consistency=address.consistency,
        serial_consistency="SERIAL",
        exponential_reconnect_base_delay_ms=RECONNECT_MS[0],
        exponential_reconnect_max_delay_ms=RECONNECT_MS[1],
        load_balance_dc_aware=address.data_centre,
        speculative_execution_policy=acsylla.SpeculativeExecutionPolicy(SPECULATE_AFTER_MS, 1),
        hostname_resolution=address.tls is not None and address.tls.verification is Verification.HOSTNAME,
        application_name="iotflow",
        # It calls it an error that Cassandra is not Scylla, once a connection. What goes wrong is raised anyhow.
        log_level="disabled",
        **_tls_options(address.tls),
    )


def _tls_options(tls: Tls | None) -> dict[str, object]:
    if tls is None:
        return {}
    trusted = _pem("ca", tls.ca)
    _check_pem(tls)
    return {
        "ssl_enabled": True,
        "ssl_trusted_cert": trusted,
        "ssl_cert": None if tls.certificate is None else _pem("cert", tls.certificate),
        "ssl_private_key": None if tls.key is None else _pem("key", tls.key),
        # The driver takes one of its flags, and two are needed together.
        "ssl_verify_flags": SimpleNamespace(value=_VERIFY_FLAGS[tls.verification]),
    }


def _pem(option: str, path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise StoreUnavailable(STORE, f"{option}={path} cannot be read: {error.strerror}") from error


def _check_pem(tls: Tls) -> None:
    """Raise StoreUnavailable for files that hold something else; the driver does not say which it means."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(tls.ca)
    except ssl.SSLError as error:
        raise StoreUnavailable(STORE, f"ca={tls.ca} holds no certificate in PEM") from error
    if tls.certificate is None:
        return
    try:
        # The empty password keeps OpenSSL from asking for one.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError as error:
        raise StoreUnavailable(
            STORE,
            f"cert={tls.certificate} and key={tls.key}: expected a certificate and the private key that goes with it, "
            "both in PEM and without a passphrase",
        ) from error
