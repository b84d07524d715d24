"""Cache entries that are filled under a lease (Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013).

A reader that finds no entry gets a lease, and may fill the entry while the lease lasts. A change ends the lease, so
that a value that was read before it never becomes an entry. All readers that miss an entry share its lease;
those of other processes wait a moment for the entry, so that the store is read once.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import NewType

from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import require_bytes
from iotflow.stores.redis.scripts import FILL, GET_OR_LEASE

LEASE_MS = 5_000
"""Longer than a read of any store may take; a later fill is refused."""
WAIT_S = 0.02
MAX_WAITS = 5

Fields = Mapping[bytes, bytes]

Lease = NewType("Lease", int)
"""A positive number: the process in its upper half, a random number in its lower one."""


class LeasedCache:
    """Entries of one kind, each with a lifetime, in the hash slot of its key."""

    def __init__(self, batcher: CommandBatcher, prefix: str) -> None:
        self._batcher = batcher
        self._scripts = batcher.scripts
        self._prefix = prefix
        self._process = secrets.randbits(31)

    def redis_keys(self, key: str, generation: str) -> tuple[str, str]:
        """Return the Redis keys of an entry and of the lease to fill it."""
        entry = f"{self._prefix}:{{{key}}}:{generation}"
        return entry, f"{entry}:lease"

    async def get_or_lease(self, key: str) -> Fields | Lease:
        """Return the entry's fields, or the lease to fill it. Raises StoreUnavailable."""
        lease = self._process << 32 | secrets.randbits(32)
        waits = 0
        while True:
            (reply,) = await self._batcher.run(
                lambda generation: [
                    self._scripts.command(GET_OR_LEASE, self.redis_keys(key, generation), lease, LEASE_MS)
                ],
                under_generation=True,
            )
            if isinstance(reply, list):
                parts = [require_bytes(part) for part in reply]
                return dict(zip(parts[::2], parts[1::2], strict=True))
            held = Lease(int(require_bytes(reply)))
            if held >> 32 == self._process or waits == MAX_WAITS:
                return held
            waits += 1
            await asyncio.sleep(WAIT_S)

    async def drop(self, key: str) -> None:
        """Drop the entry and the lease to fill it. Raises StoreUnavailable."""
        await self._batcher.run(lambda generation: [("DEL", *self.redis_keys(key, generation))], under_generation=True)

    async def fill(self, key: str, lease: Lease, fields: Fields, lifetime_ms: int) -> bool:
        """Store the entry unless the lease has ended; return whether it was stored. Raises StoreUnavailable."""
        arguments = [part for field in fields.items() for part in field]
        (made,) = await self._batcher.run(
            lambda generation: [
                self._scripts.command(FILL, self.redis_keys(key, generation), lease, lifetime_ms, *arguments),
            ],
            under_generation=True,
        )
        return made == 1
