"""An adapter for the driver acsylla: errors, prepared statements, TLS, and the sockets that it leaves open."""

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

from iotflow.addresses import CassandraAddress, Tls, Verification
from iotflow.domain.errors import StoreUnavailable

STORE_NAME = "telemetry"
OLDEST_VERSION = (5, 0)

CONNECT_TIMEOUT_S = 1.0
REQUEST_TIMEOUT_S = 10.0
RECONNECT_MS = (1_000, 4_000)
SPECULATE_AFTER_MS = 500
"""Speculative execution: a statement without an answer goes to a second node too, so one that hangs delays nothing."""
ROWS_PER_PAGE = 2_000

Row = tuple[Any, ...]
"""A row, in the order of the selected columns. Any: the driver chooses the type by the column."""

Statement = tuple[str, Sequence[object]]
"""CQL with its values. The text is one of a few constants, each prepared once per session."""

InvalidQuery = acsylla.errors.CassErrorServerInvalidQuery
"""Error for a statement that does not fit the schema."""

NO_CONTACT_POINTS = "Unable to connect to any contact points"
"""The driver's message when no host name could be resolved."""
UNKNOWN_HOSTS = "the host names cannot be resolved"

_CALLER_ERRORS = (
    InvalidQuery,
    acsylla.errors.CassErrorServerSyntaxError,
    acsylla.errors.CassErrorServerAlreadyExists,
)

# The driver verifies the authority only if PEER_CERT is among the flags, whichever others are set.
_VERIFY_FLAGS = {
    Verification.AUTHORITY: acsylla.SSLVerifyFlags.PEER_CERT.value,
    Verification.ADDRESS: acsylla.SSLVerifyFlags.PEER_CERT.value | acsylla.SSLVerifyFlags.PEER_IDENTITY.value,
    Verification.HOSTNAME: acsylla.SSLVerifyFlags.PEER_CERT.value | acsylla.SSLVerifyFlags.PEER_IDENTITY_DNS.value,
}


@contextmanager
def map_driver_errors() -> Iterator[None]:
    """Raise StoreUnavailable instead of the driver's errors; errors of the statement itself pass through."""
    try:
        yield
    except _CALLER_ERRORS:
        raise
    except acsylla.errors.CassException as error:
        raise StoreUnavailable(STORE_NAME, reason_of(error)) from error


def reason_of(error: Exception) -> str:
    """Return a driver error's message in one line."""
    return " ".join(" ".join(map(str, error.args)).split()) or type(error).__name__


class Cluster:
    """A factory of sessions with one cluster. One per process: each of the driver's clusters opens four sockets."""

    def __init__(self, address: CassandraAddress) -> None:
        """Raise StoreUnavailable for certificates that cannot be read."""
        self._hosts = f"{','.join(address.hosts)}:{address.port}"
        self._driver = _cluster(address)
        self._loop = asyncio.get_running_loop()

    async def open_session(self) -> "Session":
        """Open a session without a keyspace. Raises StoreUnavailable."""
        try:
            with map_driver_errors():
                return Session(await self._driver.create_session())
        except StoreUnavailable as error:
            reason = UNKNOWN_HOSTS if NO_CONTACT_POINTS in str(error) else error
            raise StoreUnavailable(STORE_NAME, f"{self._hosts}: {reason}") from error

    def close(self) -> None:
        """Close the sockets by which the driver's threads wake the event loop, after all sessions are closed."""
        for owner in (self._driver, self._driver.get_logger()):
            # The driver neither closes these sockets nor exposes them. They would leak, so search its references.
            for attribute in gc.get_referents(owner):
                if isinstance(attribute, socket.socket):
                    self._loop.remove_reader(attribute)
                    attribute.close()


class Session:
    """A driver session with its prepared statements, all idempotent. All methods raise StoreUnavailable."""

    def __init__(self, driver: Any) -> None:  # Any: the driver has no types
        self.driver = driver
        self._prepared: dict[str, Any] = {}

    async def execute(self, cql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return its rows."""
        with map_driver_errors():
            result = await self.driver.execute(await self._bind(cql, values))
            return [row.as_tuple() for row in result]

    async def execute_batch(self, statements: Sequence[Statement]) -> None:
        """Run changes as an unlogged batch; those of one partition key are one mutation."""
        with map_driver_errors():
            batch = acsylla.create_batch_unlogged()
            batch.set_is_idempotent(True)
            for cql, values in statements:
                batch.add_statement(await self._bind(cql, values))
            await self.driver.execute_batch(batch)

    async def execute_unprepared(self, cql: str, timeout_s: float) -> None:
        """Run one statement without preparing it."""
        with map_driver_errors():
            statement = acsylla.create_statement(cql, timeout=timeout_s)
            statement.set_is_idempotent(True)
            await self.driver.execute(statement)

    async def page(self, cql: str, values: Sequence[object], state: bytes | None) -> tuple[list[Row], bytes | None]:
        """Return one page and the state for the next; the state is None after the last page."""
        with map_driver_errors():
            statement = await self._bind(cql, values)
            statement.set_page_size(ROWS_PER_PAGE)
            if state is not None:
                statement.set_page_state(state)
            result = await self.driver.execute(statement)
            return [row.as_tuple() for row in result], result.page_state() if result.has_more_pages() else None

    async def use_keyspace(self, keyspace: str) -> None:
        """Make this keyspace the default of all statements."""
        with map_driver_errors():
            await self.driver.set_keyspace(keyspace)

    async def close(self) -> None:
        """Close the session after the statements in flight."""
        with map_driver_errors():
            await self.driver.close()

    async def _bind(self, cql: str, values: Sequence[object]) -> Any:
        prepared = self._prepared.get(cql)
        if prepared is None:
            prepared = self._prepared[cql] = await self.driver.create_prepared(cql)
        statement = prepared.bind()
        statement.bind_list(list(values))
        statement.set_is_idempotent(True)
        return statement


def version_error(version: str) -> str | None:
    """Return why this version of Cassandra is not supported, or None."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_VERSION:
        return None
    return f"the server is Cassandra {version}; expected 5.0 or later"


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
        # The driver logs an error per connection because Cassandra is not Scylla. Real failures are raised anyway.
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
        # The driver accepts one enum member, but two flags are needed together, so their sum is passed as a `value`.
        "ssl_verify_flags": SimpleNamespace(value=_VERIFY_FLAGS[tls.verification]),
    }


def _pem(option: str, path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise StoreUnavailable(STORE_NAME, f"{option}={path} cannot be read: {error.strerror}") from error


def _check_pem(tls: Tls) -> None:
    """Raise StoreUnavailable naming the file that holds no PEM: the driver's error does not name it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(tls.ca)
    except ssl.SSLError as error:
        raise StoreUnavailable(STORE_NAME, f"ca={tls.ca} holds no certificate in PEM") from error
    if tls.certificate is None:
        return
    try:
        # Without a password OpenSSL would prompt for the passphrase of an encrypted key.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError as error:
        raise StoreUnavailable(
            STORE_NAME,
            f"cert={tls.certificate} and key={tls.key}: expected a certificate and the private key that goes with it, "
            "both in PEM and without a passphrase",
        ) from error
