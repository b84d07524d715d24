"""Rate limits in Redis."""

import asyncio
import hashlib
import math
from collections.abc import Awaitable
from dataclasses import dataclass

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.rate_limits import Admission, RateLimit
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.redis.pipeline import Pipeline
from iotflow.stores.redis.scripts import GIVE_BACK, TAKE

SHARES = 100
"""A process takes a limit's units in shares of this part, so that few requests ask Redis. Limits below have none."""
HELD = 10_000
"""Subjects of which a process holds a share, those that used it last: some 5 MiB."""
HELD_MS = 10_000
"""A share that is not used within this time is lost."""


@dataclass(slots=True)
class _Share:
    """What a process holds of a subject's units; the rest of them and their reset are as Redis last told."""

    left: int
    rest: int
    reset_s: int


class RedisRateLimiter:
    """Plays `RateLimiter`: a string a subject, when it will have all its units again, by Redis's clock.

    Each process may have used one part in `SHARES` less than it has taken. Without Redis each counts for itself.
    """

    def __init__(self, pipeline: Pipeline, prefix: str, clock: Clock) -> None:
        self._pipeline = pipeline
        self._stem = f"{prefix}:limit"
        self._here = MemoryRateLimiter(clock)
        self._shares = TTLCache[tuple[str, RateLimit], _Share](HELD, HELD_MS, timer=clock.elapsed)
        self._asking: set[tuple[str, RateLimit]] = set()

    def take(self, subject: str, limit: RateLimit, cost: int = 1) -> Awaitable[Admission]:
        share = self._shares.get((subject, limit)) if limit.limit > SHARES else None
        if share is None or share.left < max(cost, 1):
            return asyncio.create_task(self._take(subject, limit, cost), name="rate limit")
        share.left -= cost
        admitted = asyncio.get_running_loop().create_future()
        admitted.set_result(Admission(subject, limit, share.rest + share.left, share.reset_s, 0))
        return admitted

    async def give_back(self, subject: str, limit: RateLimit) -> None:
        await self._here.give_back(subject, limit)
        command = self._pipeline.scripts.call(GIVE_BACK, (self._key(subject, limit),), limit.limit, limit.period_s)
        try:
            await self._pipeline.run(lambda _: [command])
        except StoreUnavailable:
            return

    async def _take(self, subject: str, limit: RateLimit, cost: int) -> Admission:
        key, units = (subject, limit), limit.limit // SHARES
        # Of several at once one takes a share: all that take one would use up the limit.
        if not 0 < cost < units or key in self._asking:
            return await self._ask(subject, limit, cost)
        self._asking.add(key)
        try:
            taken = await self._ask(subject, limit, units)
        finally:
            self._asking.remove(key)
        if taken.retry_after_s:
            return await self._ask(subject, limit, cost)
        self._shares[key] = _Share(units - cost, taken.remaining, taken.reset_s)
        return taken._replace(remaining=taken.remaining + units - cost)

    async def _ask(self, subject: str, limit: RateLimit, cost: int) -> Admission:
        arguments = (limit.limit, limit.period_s, cost)
        command = self._pipeline.scripts.call(TAKE, (self._key(subject, limit),), *arguments)
        try:
            (reply,) = await self._pipeline.run(lambda _: [command])
        except StoreUnavailable:
            return await self._here.take(subject, limit, cost)
        assert isinstance(reply, list)
        remaining, reset_ms, wait_ms = (int(part) for part in reply if isinstance(part, int))
        return Admission(subject, limit, remaining, math.ceil(reset_ms / 1_000), math.ceil(wait_ms / 1_000))

    def _key(self, subject: str, limit: RateLimit) -> str:
        # A subject may be an address, or anything that was typed as a name.
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return f"{self._stem}:{{{digest}}}:{limit.name}:{limit.limit}:{limit.period_s}"
