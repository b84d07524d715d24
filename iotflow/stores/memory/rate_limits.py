"""Rate limits in the memory of one process."""

import math

from iotflow.clock import Clock
from iotflow.domain.times import Millis
from iotflow.repositories.cache import RateLimit, RateLimitResult

MAX_SUBJECTS = 100_000
"""Subjects with a separate counter: some 20 MiB."""
SHARED_COUNTERS = 16_384
"""Further subjects share these counters: no hit is lost, whatever other subjects do."""
SWEEP_EVERY_MS = 10_000
SLACK_MS = 0.5
"""More than the sum of rounding errors, less than the clock's unit."""


class MemoryRateLimiter:
    """In-memory implementation of `RateLimiter`: per subject the time at which it has all its units again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._restored_at_ms: dict[int, float] = {}
        self._swept_at = Millis(0)

    async def hit(self, subject: str, limit: RateLimit, cost: int = 1) -> RateLimitResult:
        now = self._clock.elapsed()
        key = self._key(subject, limit, now)
        interval_ms, period_ms = limit.period_s * 1_000 / limit.limit, limit.period_s * 1_000
        restored_at = max(now, self._restored_at_ms.get(key, now))
        wait_ms = restored_at + max(cost, 1) * interval_ms - now - period_ms
        if wait_ms <= SLACK_MS:
            wait_ms = 0
            restored_at += cost * interval_ms
            if cost:
                self._restored_at_ms[key] = restored_at
        remaining = math.floor((now + period_ms - restored_at + SLACK_MS) / interval_ms)
        reset_s, retry_after_s = math.ceil((restored_at - now) / 1_000), math.ceil(wait_ms / 1_000)
        return RateLimitResult(subject, limit, remaining, reset_s, retry_after_s)

    async def refund(self, subject: str, limit: RateLimit) -> None:
        key = self._key(subject, limit, self._clock.elapsed())
        restored_at = self._restored_at_ms.get(key)
        if restored_at is not None:
            self._restored_at_ms[key] = restored_at - limit.period_s * 1_000 / limit.limit

    def _key(self, subject: str, limit: RateLimit, now: Millis) -> int:
        if now - self._swept_at >= SWEEP_EVERY_MS:
            self._swept_at = now
            self._restored_at_ms = {key: at for key, at in self._restored_at_ms.items() if at > now}
        # Python's hash of a text is keyed at random, so a client cannot choose subjects that share a counter.
        key = hash((subject, limit))
        if len(self._restored_at_ms) < MAX_SUBJECTS or key in self._restored_at_ms:
            return key
        return key % SHARED_COUNTERS
