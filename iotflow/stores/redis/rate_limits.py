"""Rate limits in Redis."""

import hashlib

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.redis.pipeline import Pipeline
from iotflow.stores.redis.scripts import GIVE_BACK, TAKE


class RedisRateLimiter:
    """Plays `RateLimiter`: a string a subject, when it will have all its attempts again. Without Redis each process
    counts for itself.
    """

    def __init__(self, pipeline: Pipeline, prefix: str, clock: Clock) -> None:
        self._pipeline = pipeline
        self._stem = f"{prefix}:limit"
        self._here = MemoryRateLimiter(clock)
        self._clock = clock

    async def take(self, subject: str, limit: int, period_s: int) -> int:
        try:
            return await self._run(TAKE, subject, limit, period_s)
        except StoreUnavailable:
            return await self._here.take(subject, limit, period_s)

    async def give_back(self, subject: str, limit: int, period_s: int) -> None:
        await self._here.give_back(subject, limit, period_s)
        try:
            await self._run(GIVE_BACK, subject, limit, period_s)
        except StoreUnavailable:
            return

    async def _run(self, script: str, subject: str, limit: int, period_s: int) -> int:
        # A subject may be an address, or anything that was typed as a name.
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        key = f"{self._stem}:{{{digest}}}:{limit}:{period_s}"
        command = self._pipeline.scripts.call(script, (key,), limit, period_s * 1_000, self._clock.now())
        (reply,) = await self._pipeline.run(lambda _: [command])
        assert isinstance(reply, int)
        return reply
