"""Entries of a cache that are filled under a lease (Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013).

Whoever finds no entry is given a lease, and may fill the entry while the lease lasts. A change ends the lease, so that
what was read before it never becomes an entry. All who miss an entry meanwhile share its lease; those of other
processes wait a moment for the entry, so that the store is read once.
"""

import asyncio
import secrets
from collections.abc import Sequence

from iotflow.stores.redis.pipeline import Pipeline
from iotflow.stores.redis.scripts import FILL, GET

LEASE_MS = 5_000
"""Longer than a read of any store may take: what comes later is not taken."""
WAIT_S = 0.02
WAITS = 5

Fields = Sequence[bytes]
"""Names and values, in turn."""


class Entries:
    """One kind of entries, each with a lifetime, in the slot of its subject."""

    def __init__(self, pipeline: Pipeline, prefix: str, kind: str) -> None:
        self._pipeline = pipeline
        self._scripts = pipeline.scripts
        self._stem = f"{prefix}:{kind}"
        self._process = secrets.randbits(31)

    def names(self, subject: str, generation: str) -> tuple[str, str]:
        """The keys of a subject's entry and of the lease to fill it."""
        entry = f"{self._stem}:{{{subject}}}:{generation}"
        return entry, f"{entry}:lease"

    async def get(self, subject: str) -> Fields | int:
        """The entry's fields, or the lease to fill it, a positive number. Raises StoreUnavailable."""
        lease = self._process << 32 | secrets.randbits(32)
        waits = 0
        while True:
            (reply,) = await self._pipeline.run(
                lambda generation: [self._scripts.call(GET, self.names(subject, generation), lease, LEASE_MS)],
                generational=True,
            )
            if isinstance(reply, list):
                return [field for field in reply if isinstance(field, bytes)]
            assert isinstance(reply, bytes)
            found = int(reply)
            if found >> 32 == self._process or waits == WAITS:
                return found
            waits += 1
            await asyncio.sleep(WAIT_S)

    async def drop(self, subject: str) -> None:
        """Forget the entry and the lease to fill it. Raises StoreUnavailable."""
        await self._pipeline.run(lambda generation: [("DEL", *self.names(subject, generation))], generational=True)

    async def fill(self, subject: str, lease: int, fields: Fields, lifetime_ms: int) -> bool:
        """Make the entry, unless the lease has ended; whether it was made. Raises StoreUnavailable."""
        (made,) = await self._pipeline.run(
            lambda generation: [
                self._scripts.call(FILL, self.names(subject, generation), lease, lifetime_ms, *fields),
            ],
            generational=True,
        )
        return made == 1
