"""The connection to MongoDB: deadlines, circuit breaker, and one-line reasons for the driver's errors."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from iotflow.addresses import MongoAddress
from iotflow.concurrency.circuit_breaker import CircuitBreaker
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.drivers import Client, Driver, open_client

STORE = "documents"
OLDEST_VERSION = 6
CONNECT_TIMEOUT_S = 5.0
DRIVER_SHARE = 0.9
"""The driver's share of an operation's time: if it times out first, it closes its connection in order."""
SHORT_TIMEOUT_S = 1.5
SCAN_TIMEOUT_S = 10.0

UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18


class Mongo:
    """A connection to a MongoDB database. From `connect` to `close` it belongs to the event loop of `connect`."""

    def __init__(self, address: MongoAddress, driver: Driver = "pymongo") -> None:
        self._address = address
        self._driver = driver
        self._client: Client | None = None
        self._breaker = CircuitBreaker(STORE, self._probe, probe_timeout_s=SHORT_TIMEOUT_S)

    async def connect(self) -> None:
        """Connect, and check the server's version and the credentials.

        Raises StoreUnavailable with a one-line reason. Of an unavailable server the client stays open: operations fail
        until the server answers.
        """
        if self._client is None:
            self._client = _open(self._driver, self._address)
        await _check_server(self._client, self._address.hosts)

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the server answers now."""
        async with self.operation(SHORT_TIMEOUT_S) as client:
            await client.database.command("ping")

    async def close(self) -> None:
        """Close all connections."""
        await self._breaker.close()
        if self._client is not None:
            client, self._client = self._client, None
            await _close(client)

    @asynccontextmanager
    async def operation(self, timeout_s: float) -> AsyncIterator[Client]:
        """Yield the client for operations with a common deadline of `timeout_s`. Raises StoreUnavailable."""
        async with self._breaker.guard(timeout_s):
            with _map_driver_errors(), pymongo.timeout(timeout_s * DRIVER_SHARE):
                yield self._connected_client()

    async def _probe(self) -> None:
        with _map_driver_errors(), pymongo.timeout(SHORT_TIMEOUT_S * DRIVER_SHARE):
            await self._connected_client().database.command("ping")

    def _connected_client(self) -> Client:
        if self._client is None:
            raise RuntimeError("Mongo: used before `connect` or after `close`")
        return self._client


def require_min_version(version: Sequence[int]) -> None:
    """Raise StoreUnavailable for a server that is too old."""
    if version[0] < OLDEST_VERSION:
        found = ".".join(map(str, version[:3]))
        raise StoreUnavailable(STORE, f"the server is MongoDB {found}; expected {OLDEST_VERSION}.0 or later")


def _open(driver: Driver, address: MongoAddress) -> Client:
    try:
        with _map_driver_errors():
            return open_client(driver, address)
    except ssl.SSLError as error:
        raise StoreUnavailable(STORE, "the file of tlsCAFile or tlsCRLFile holds no certificate in PEM") from error
    except (OSError, TypeError, ValueError, UserWarning) as error:
        raise StoreUnavailable(STORE, f"invalid option in the URL: {error}") from error


async def _check_server(client: Client, hosts: str) -> None:
    try:
        # No `pymongo.timeout` here: the driver's monitors start now and would inherit the deadline for ever.
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            with _map_driver_errors():
                server = await client.database.command("buildInfo")
                require_min_version(server["versionArray"])
                # Unlike `buildInfo`, a query needs authentication.
                await client.database["migrations"].find_one()
    except TimeoutError as error:
        raise StoreUnavailable(STORE, f"{hosts}: no answer within {CONNECT_TIMEOUT_S:g} s") from error
    except StoreUnavailable as error:
        raise StoreUnavailable(STORE, str(error) if hosts in str(error) else f"{hosts}: {error}") from error


async def _close(client: Client) -> None:
    # Closing sends a message to the server, which may be unreachable, so it needs a deadline.
    with pymongo.timeout(SHORT_TIMEOUT_S):
        await client.close()


@contextmanager
def _map_driver_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailable(STORE, _reason(error)) from error


def _reason(error: PyMongoError) -> str:
    if isinstance(error, OperationFailure) and error.code == AUTHENTICATION_FAILED:
        return (
            "the server does not take the user name and password. Users are looked up in the URL's database unless its "
            "option authSource names another, like authSource=admin"
        )
    # Remove the description of all servers, which has many lines.
    text = re.sub(r" \(configured timeouts:[^)]*\)|, Timeout: .*|, full error: .*", "", str(error), flags=re.DOTALL)
    if isinstance(error, OperationFailure) and error.code == UNAUTHORIZED:
        return f"the user may not do this: {text}"
    return text.strip() or type(error).__name__
