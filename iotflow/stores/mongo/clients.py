"""The two drivers: PyMongo's own asynchronous client, and Motor, which was there before it.

Motor's objects have the methods of PyMongo's. What differs is a field of `Client`, so that the players need not know
which driver it is: PyMongo's `aggregate` is awaited and Motor's is not, and Motor's `close` blocks.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.address import MongoAddress
from iotflow.stores.mongo.documents import CODEC, Document

Driver = Literal["pymongo", "motor"]

TIMEOUTS: dict[str, Any] = {  # Any: the drivers' other keyword arguments are of other types
    "connectTimeoutMS": 1_500,
    "serverSelectionTimeoutMS": 1_500,
    "waitQueueTimeoutMS": 1_500,
    "socketTimeoutMS": 10_000,
}
"""For what the driver does outside of operations; those have deadlines of their own."""

DURABLE = WriteConcern(w="majority", j=True)
"""The outbox's row is removed once an event is acknowledged: by then it must outlive any one server."""


@dataclass(frozen=True, slots=True)
class Client:
    """A driver's client, opened for one database."""

    database: AsyncDatabase[Document]
    aggregate: Callable[[str, Sequence[Document]], Awaitable[list[Document]]]
    """The documents that a pipeline makes of a collection."""
    close: Callable[[], Awaitable[None]]


def open_client(driver: Driver, address: MongoAddress) -> Client:
    """A client that connects when first used, and belongs to the running loop.

    Raises what the driver raises of wrong options, also of those it would only warn of: a misspelt one of TLS must not
    be passed over. Raises StoreUnavailable for a driver that is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        return _with_motor(address) if driver == "motor" else _with_pymongo(address)


def _with_pymongo(address: MongoAddress) -> Client:
    client: AsyncMongoClient[Document] = AsyncMongoClient(address.url, **TIMEOUTS)
    database = client.get_database(address.database, CODEC, ReadPreference.PRIMARY, DURABLE)

    async def aggregate(collection: str, pipeline: Sequence[Document]) -> list[Document]:
        return await (await database[collection].aggregate(pipeline)).to_list()

    return Client(database, aggregate, client.close)


def _with_motor(address: MongoAddress) -> Client:
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
