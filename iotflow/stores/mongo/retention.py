"""Retention by TTL indexes. A TTL index removes a document some time after the date in one of its fields."""

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import DAY_MS, SECOND_MS
from iotflow.stores.mongo.connection import SHORT_TIMEOUT_S, STORE, Mongo

EXPIRY_INDEX = "expiry"
"""The name of a collection's TTL index."""
MAX_RETENTION_S = 2**31 - 1
"""68 years, the most that the server accepts; it stands for unlimited, since no document is older than the service."""


async def apply_retention(mongo: Mongo, collection: str, retention_days: int) -> None:
    """Set the retention in the TTL index of a collection, also for documents already stored. Call it at each start.

    Raises StoreUnavailable, also for a database that is not migrated.
    """
    seconds = retention_days * DAY_MS // SECOND_MS or MAX_RETENTION_S
    async with mongo.operation(SHORT_TIMEOUT_S) as client:
        indexes = await client.database[collection].index_information()
        if EXPIRY_INDEX not in indexes:
            raise StoreUnavailable(STORE, "its schema is missing: run `iotflow migrate`")
        # Changing the index needs more rights than reading it, so change it only if it differs.
        if indexes[EXPIRY_INDEX]["expireAfterSeconds"] != seconds:
            index = {"name": EXPIRY_INDEX, "expireAfterSeconds": seconds}
            await client.database.command({"collMod": collection, "index": index})
