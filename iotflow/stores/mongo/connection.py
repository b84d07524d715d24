"""The connection to MongoDB: its deadlines, its breaker, and the words for what can go wrong."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from iotflow.circuit_breaker import CircuitBreaker
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.address import MongoAddress
from iotflow.stores.mongo.clients import Client, Driver, open_client

STORE = "documents"
OLDEST_VERSION = 6
CONNECT_TIMEOUT_S = 5.0
POINT_TIMEOUT_S = 1.5
SCAN_TIMEOUT_S = 10.0

UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18


class Mongo:
    """A database of MongoDB. Between `connect` and `close` it belongs to the loop that it was connected in."""

    def __init__(self, address: MongoAddress, driver: Driver = "pymongo") -> None:
        self._address = address
        self._driver = driver
        self._client: Client | None = None
        self._breaker = CircuitBreaker(STORE, self._probe, probe_timeout_s=POINT_TIMEOUT_S)

    async def connect(self) -> None:
        """Connect unless connected; see that the server is new enough and lets us in.

        Raises StoreUnavailable with the reason.
        """
        if self._client is not None:
            return
        client = _opened(self._driver, self._address)
        try:
            await _greet(client, self._address.hosts)
        except BaseException:
            await _close(client)
            raise
        self._client = client

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the server answers now."""
        async with self.operation(POINT_TIMEOUT_S) as client:
            await client.database.command("ping")

    async def close(self) -> None:
        """Close all connections."""
        await self._breaker.close()
        if self._client is not None:
            client, self._client = self._client, None
            await _close(client)

    @asynccontextmanager
    async def operation(self, timeout_s: float) -> AsyncIterator[Client]:
        """The client, for operations that end within so many seconds. Raises StoreUnavailable."""
        async with self._breaker.guard(timeout_s):
            # The driver gives up a little earlier: it then closes in order the connection on which it waited.
            with _translated(), pymongo.timeout(timeout_s * 0.9):
                yield self._connected()

    async def _probe(self) -> None:
        with _translated(), pymongo.timeout(POINT_TIMEOUT_S * 0.9):
            await self._connected().database.command("ping")

    def _connected(self) -> Client:
        assert self._client is not None, "not connected"
        return self._client


def refuse_older(version: Sequence[int]) -> None:
    """Raise StoreUnavailable for a server that is too old."""
    if version[0] < OLDEST_VERSION:
        found = ".".join(map(str, version[:3]))
        raise StoreUnavailable(STORE, f"the server is MongoDB {found}; expected {OLDEST_VERSION}.0 or later")


def _opened(driver: Driver, address: MongoAddress) -> Client:
    try:
        with _translated():
            return open_client(driver, address)
    except ssl.SSLError as error:
        raise StoreUnavailable(STORE, "the file of tlsCAFile or tlsCRLFile holds no certificate in PEM") from error
    except (OSError, TypeError, ValueError, UserWarning) as error:
        raise StoreUnavailable(STORE, f"an option of the URL is wrong: {error}") from error


async def _greet(client: Client, hosts: str) -> None:
    try:
        # No deadline of the driver's: its monitors begin here, and would inherit it for all their life.
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            with _translated():
                server = await client.database.command("buildInfo")
                refuse_older(server["versionArray"])
                # Unlike those before, this one asks who we are.
                await client.database["migrations"].find_one()
    except TimeoutError as error:
        raise StoreUnavailable(STORE, f"{hosts}: no answer within {CONNECT_TIMEOUT_S:g} s") from error
    except StoreUnavailable as error:
        raise StoreUnavailable(STORE, str(error) if hosts in str(error) else f"{hosts}: {error}") from error


async def _close(client: Client) -> None:
    # A client that closes tells its server, which may not be there to listen.
    with pymongo.timeout(POINT_TIMEOUT_S):
        await client.close()


@contextmanager
def _translated() -> Iterator[None]:
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
    # The rest is a description of all servers, of many lines.
    text = re.sub(r" \(configured timeouts:[^)]*\)|, Timeout: .*|, full error: .*", "", str(error), flags=re.DOTALL)
    if isinstance(error, OperationFailure) and error.code == UNAUTHORIZED:
        return f"the user may not do this: {text}"
    return text.strip() or type(error).__name__
