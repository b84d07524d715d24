"""A lease, so that of several who would migrate one does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from iotflow.completion import stopped
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.connection import POINT_TIMEOUT_S, STORE, Mongo

LEASE_MS = 15_000
"""What a holder that was killed costs the next one."""
RENEW_EVERY_S = 4.0
POLL_S = 0.25
COLLECTION = "migration_lease"


@asynccontextmanager
async def held_lease(mongo: Mongo, wait_s: float) -> AsyncIterator[None]:
    """Hold the lease within the block. Raises StoreUnavailable when it was not free for `wait_s` seconds.

    A holder that stands still for longer than the lease loses it without a word: what it does must bear repetition.
    """
    owner = uuid4()
    try:
        async with asyncio.timeout(wait_s):
            taken = await _taken(mongo, owner)
            while not taken:
                await asyncio.sleep(POLL_S)
                taken = await _taken(mongo, owner)
    except TimeoutError as error:
        raise StoreUnavailable(STORE, f"another migration has been under way for {wait_s:g} s") from error
    renewal = asyncio.create_task(_renew(mongo, owner), name="renewal of the migration's lease")
    try:
        yield
    finally:
        await stopped(renewal)
        with suppress(StoreUnavailable):  # then it ends by itself
            await _release(mongo, owner)


async def _taken(mongo: Mongo, owner: UUID) -> bool:
    """Take or renew the lease, by the server's clock; whether it is the owner's now."""
    free = {
        "$or": [{"$eq": ["$owner", owner]}, {"$lte": ["$until", "$$NOW"]}, {"$eq": [{"$type": "$until"}, "missing"]}]
    }
    until = {"$add": ["$$NOW", LEASE_MS]}
    take = {"owner": {"$cond": [free, owner, "$owner"]}, "until": {"$cond": [free, until, "$until"]}}
    async with mongo.operation(POINT_TIMEOUT_S) as client:
        try:
            lease = await client.database[COLLECTION].find_one_and_update(
                {"_id": "migration"}, [{"$set": take}], upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another one has just taken it for the first time
            return False
    return lease is not None and lease["owner"] == owner


async def _renew(mongo: Mongo, owner: UUID) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY_S)
        with suppress(StoreUnavailable):  # what the lease is held for will meet the same
            await _taken(mongo, owner)


async def _release(mongo: Mongo, owner: UUID) -> None:
    async with mongo.operation(POINT_TIMEOUT_S) as client:
        await client.database[COLLECTION].delete_one({"owner": owner})
