"""MongoDB for tests: a migrated database for each test, and a client to look into it."""

import gc
import json
import time
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import pytest
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.addresses import MongoAddress
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import Mongo
from iotflow.stores.mongo.drivers import Driver
from iotflow.stores.mongo.migrations import upgrade
from iotflow.urls import parse_mongo_url
from tests.clock import FakeClock


def address_on(url: str, database: str) -> MongoAddress:
    """Return the address of a database on the server of a URL. The URL may name another database or none."""
    server, _, options = url.partition("?")
    scheme, _, rest = server.partition("://")
    authority, _, path = rest.partition("/")
    if "@" in authority and "authSource=" not in options:
        options = "&".join(filter(None, [options, f"authSource={path or 'admin'}"]))
    return parse_mongo_url(f"{scheme}://{authority}/{database}?{options}")


# If a task is cancelled or the client is closed while a socket connects, PyMongo's asynchronous client does not close
# it. The garbage collector closes it, with a warning.
LEAVES_SOCKETS = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


class CollectsSockets:
    """Raises the garbage collector's warnings of sockets in the test that left them, for `LEAVES_SOCKETS`."""

    @pytest.fixture(autouse=True)
    def collected_sockets(self) -> Iterator[None]:
        yield
        gc.collect()


class OnMongo:
    """Runs a suite on MongoDB, with each of the drivers."""

    @pytest.fixture(params=["pymongo", "motor"])
    def driver(self, request: pytest.FixtureRequest) -> Driver:
        driver: Driver = request.param
        return driver

    @pytest.fixture
    def clock(self) -> FakeClock:
        # TTL indexes use the server's clock.
        return FakeClock(Millis(time.time_ns() // 1_000_000))

    @pytest.fixture
    def address(self, mongodb_url: str) -> MongoAddress:
        return address_on(mongodb_url, f"test_{uuid4().hex}")

    @pytest.fixture
    async def database(self, address: MongoAddress) -> AsyncIterator[AsyncDatabase[Document]]:
        """The test's database, through a separate client; dropped after the test."""
        options: CodecOptions[Document] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD, tz_aware=True)
        async with AsyncMongoClient[Document](address.url) as client:
            yield client.get_database(address.database, options)
            await client.drop_database(address.database)

    @pytest.fixture
    async def empty_mongo(
        self, address: MongoAddress, driver: Driver, database: AsyncDatabase[Document]
    ) -> AsyncIterator[Mongo]:
        """A connection to the test's database, which is empty."""
        mongo = Mongo(address, driver)
        await mongo.connect()
        yield mongo
        await mongo.close()

    @pytest.fixture
    async def mongo(self, empty_mongo: Mongo) -> Mongo:
        await upgrade(empty_mongo)
        return empty_mongo


class RawMongoEvents:
    """MongoDB implementation of `RawEvents`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def details(self) -> dict[UUID, JsonObject]:
        found = await self._database["events"].find().to_list()
        return {one["_id"]: _object(one["details"]) for one in found}


class RawMongoActivity:
    """MongoDB implementation of `RawActivity`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def counts(self) -> dict[DeviceHour, Activity]:
        return {
            DeviceHour(one["device_id"], Millis(round(one["hour"].timestamp() * 1_000))): Activity(
                one["messages"], one["points"]
            )
            for one in await self._database["activity"].find().to_list()
        }


def _object(stored: JsonObject | str) -> JsonObject:
    details: JsonObject = json.loads(stored) if isinstance(stored, str) else stored
    return details
