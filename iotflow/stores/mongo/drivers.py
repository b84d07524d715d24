"""Clients of the two drivers: PyMongo's asynchronous client, and its predecessor Motor.

Motor's objects have the methods of PyMongo's. `Client` hides the two differences: PyMongo's `aggregate` is awaited and
Motor's is not, and Motor's `close` blocks.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.addresses import MongoAddress
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.bson import CODEC, Document

Driver = Literal["pymongo", "motor"]

TIMEOUTS: dict[str, Any] = {  # Any: the drivers' other keyword arguments are of other types
    "connectTimeoutMS": 1_500,
    "serverSelectionTimeoutMS": 1_500,
    "waitQueueTimeoutMS": 1_500,
    "socketTimeoutMS": 10_000,
}
"""Timeouts of the driver's work outside of operations; each operation has a separate deadline."""

DURABLE = WriteConcern(w="majority", j=True)
"""The outbox removes its row once an event is acknowledged, so by then the event must survive the loss of a server."""


@dataclass(frozen=True, slots=True)
class Client:
    """A driver's client, with one database."""

    database: AsyncDatabase[Document]
    aggregate: Callable[[str, Sequence[Document]], Awaitable[list[Document]]]
    """Run an aggregation pipeline on a collection and return its documents."""
    close: Callable[[], Awaitable[None]]


def open_client(driver: Driver, address: MongoAddress) -> Client:
    """Return a client that connects on first use and belongs to the running event loop.

    Raises:
        StoreUnavailable: the driver is not installed.
        Exception: the driver's errors for wrong options, and UserWarning for those of which it only warns. A misspelt
            TLS option that is ignored would leave the connection unencrypted.

    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        return _open_motor(address) if driver == "motor" else _open_pymongo(address)


def _open_pymongo(address: MongoAddress) -> Client:
    client: AsyncMongoClient[Document] = AsyncMongoClient(address.url, **TIMEOUTS)
    database = client.get_database(address.database, CODEC, ReadPreference.PRIMARY, DURABLE)

    async def aggregate(collection: str, pipeline: Sequence[Document]) -> list[Document]:
        return await (await database[collection].aggregate(pipeline)).to_list()

    return Client(database, aggregate, client.close)


def _open_motor(address: MongoAddress) -> Client:
    try:
        from motor.motor_asyncio import AsyncIOMotorClient
    except ImportError as error:
        raise StoreUnavailable(
            "documents", "IOTFLOW_MONGO_DRIVER=motor needs the package motor: pip install 'iotflow[motor]'"
        ) from error
    client = AsyncIOMotorClient[Document](address.url, io_loop=asyncio.get_running_loop(), **TIMEOUTS)
    database = client.get_database(address.database, CODEC, ReadPreference.PRIMARY, DURABLE)

    async def aggregate(collection: str, pipeline: Sequence[Document]) -> list[Document]:
        return await database[collection].aggregate(pipeline).to_list(None)

    async def close() -> None:
        await asyncio.to_thread(client.close)

    return Client(cast("AsyncDatabase[Document]", database), aggregate, close)
