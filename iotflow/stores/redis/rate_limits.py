"""Rate limits in Redis."""

import asyncio
import hashlib
import math
from collections.abc import Awaitable
from dataclasses import dataclass

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.cache import RateLimit, RateLimitResult
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import require_int, require_list
from iotflow.stores.redis.scripts import HIT, REFUND

SHARES = 100
"""A process takes 1/SHARES of a limit's units at a time, so that few requests need Redis. Smaller limits have none."""
MAX_SHARES_HELD = 10_000
"""Shares that a process holds, those used last: some 5 MiB."""
SHARE_LIFETIME_MS = 10_000
"""The unused units of a share are lost after this time."""


@dataclass(slots=True)
class _Share:
    """The units of a subject that a process holds; `rest` and `reset_s` are as Redis last reported them."""

    left: int
    rest: int
    reset_s: int


class RedisRateLimiter:
    """Redis implementation of `RateLimiter`: per subject the time at which it has all its units again.

    The time is by Redis's clock. Each process may have taken 1/SHARES of the units more than it has used. Without Redis
    each process counts separately.
    """

    def __init__(self, batcher: CommandBatcher, prefix: str, clock: Clock) -> None:
        self._batcher = batcher
        self._prefix = f"{prefix}:limit"
        self._local = MemoryRateLimiter(clock)
        self._shares = TTLCache[tuple[str, RateLimit], _Share](MAX_SHARES_HELD, SHARE_LIFETIME_MS, timer=clock.elapsed)
        self._requesting: set[tuple[str, RateLimit]] = set()

    def hit(self, subject: str, limit: RateLimit, cost: int = 1) -> Awaitable[RateLimitResult]:
        share = self._shares.get((subject, limit)) if limit.limit > SHARES else None
        if share is None or share.left < max(cost, 1):
            return asyncio.create_task(self._take(subject, limit, cost), name="rate limit")
        share.left -= cost
        admitted = asyncio.get_running_loop().create_future()
        admitted.set_result(RateLimitResult(subject, limit, share.rest + share.left, share.reset_s, 0))
        return admitted

    async def refund(self, subject: str, limit: RateLimit) -> None:
        await self._local.refund(subject, limit)
        command = self._batcher.scripts.command(REFUND, (self._key(subject, limit),), limit.limit, limit.period_s)
        try:
            await self._batcher.run(lambda _: [command])
        except StoreUnavailable:
            return

    async def _take(self, subject: str, limit: RateLimit, cost: int) -> RateLimitResult:
        key, units = (subject, limit), limit.limit // SHARES
        # Of concurrent hits one takes a share: if each took one they would exhaust the limit.
        if not 0 < cost < units or key in self._requesting:
            return await self._request(subject, limit, cost)
        self._requesting.add(key)
        try:
            taken = await self._request(subject, limit, units)
        finally:
            self._requesting.remove(key)
        if taken.retry_after_s:
            return await self._request(subject, limit, cost)
        self._shares[key] = _Share(units - cost, taken.remaining, taken.reset_s)
        return taken._replace(remaining=taken.remaining + units - cost)

    async def _request(self, subject: str, limit: RateLimit, cost: int) -> RateLimitResult:
        arguments = (limit.limit, limit.period_s, cost)
        command = self._batcher.scripts.command(HIT, (self._key(subject, limit),), *arguments)
        try:
            (reply,) = await self._batcher.run(lambda _: [command])
            remaining, reset_ms, wait_ms = (require_int(part) for part in require_list(reply))
        except StoreUnavailable:
            return await self._local.hit(subject, limit, cost)
        return RateLimitResult(subject, limit, remaining, math.ceil(reset_ms / 1_000), math.ceil(wait_ms / 1_000))

    def _key(self, subject: str, limit: RateLimit) -> str:
        # A subject may be an address, or any text that was entered as a name.
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return f"{self._prefix}:{{{digest}}}:{limit.name}:{limit.limit}:{limit.period_s}"
