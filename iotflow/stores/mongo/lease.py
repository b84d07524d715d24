"""A lease that lets one process migrate at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.mongo.connection import SHORT_TIMEOUT_S, STORE, Mongo

LEASE_MS = 15_000
"""Lifetime of the lease, in milliseconds: the next holder waits for this long after the last one was killed."""
RENEW_EVERY_S = 4.0
POLL_S = 0.25
COLLECTION = "migration_lease"


@asynccontextmanager
async def hold_lease(mongo: Mongo, wait_s: float) -> AsyncIterator[None]:
    """Hold the lease within the block. Raises StoreUnavailable if it was not free for `wait_s` seconds.

    A holder that is suspended for longer than the lease loses it unnoticed, so its work must be idempotent.
    """
    owner = uuid4()
    try:
        async with asyncio.timeout(wait_s):
            acquired = await _acquire_or_renew(mongo, owner)
            while not acquired:
                await asyncio.sleep(POLL_S)
                acquired = await _acquire_or_renew(mongo, owner)
    except TimeoutError as error:
        raise StoreUnavailable(STORE, f"another migration has been under way for {wait_s:g} s") from error
    renewal = asyncio.create_task(_keep_renewing(mongo, owner), name="renew the migration lease")
    try:
        yield
    finally:
        await cancel_and_wait(renewal)
        with suppress(StoreUnavailable):  # then the lease expires
            await _release(mongo, owner)


async def _acquire_or_renew(mongo: Mongo, owner: UUID) -> bool:
    """Acquire or renew the lease, by the server's clock. Return whether the owner holds it."""
    free = {
        "$or": [{"$eq": ["$owner", owner]}, {"$lte": ["$until", "$$NOW"]}, {"$eq": [{"$type": "$until"}, "missing"]}]
    }
    until = {"$add": ["$$NOW", LEASE_MS]}
    take = {"owner": {"$cond": [free, owner, "$owner"]}, "until": {"$cond": [free, until, "$until"]}}
    async with mongo.operation(SHORT_TIMEOUT_S) as client:
        try:
            lease = await client.database[COLLECTION].find_one_and_update(
                {"_id": "migration"}, [{"$set": take}], upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another process has just created the lease
            return False
    return lease is not None and lease["owner"] == owner


async def _keep_renewing(mongo: Mongo, owner: UUID) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY_S)
        with suppress(StoreUnavailable):  # the work under the lease fails for the same reason
            await _acquire_or_renew(mongo, owner)


async def _release(mongo: Mongo, owner: UUID) -> None:
    async with mongo.operation(SHORT_TIMEOUT_S) as client:
        await client.database[COLLECTION].delete_one({"owner": owner})
