"""Rate limits in the memory of one process."""

import math
from collections import OrderedDict
from fractions import Fraction

from iotflow.clock import Clock

SIZE = 50_000


class MemoryRateLimiter:
    """Plays `RateLimiter`. It remembers when each of the last `SIZE` subjects will have all its attempts again.

    Times are fractions of milliseconds: rounded ones would add up to more than the period, and refuse the last attempt.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._restored_at_ms: OrderedDict[str, Fraction] = OrderedDict()

    async def take(self, subject: str, limit: int, period_s: int) -> int:
        now = self._clock.now()
        restored_at = max(now, self._restored_at_ms.get(subject, now)) + _interval_ms(limit, period_s)
        wait_ms = restored_at - now - period_s * 1_000
        if wait_ms > 0:
            return math.ceil(wait_ms / 1_000)
        self._restored_at_ms[subject] = restored_at
        self._restored_at_ms.move_to_end(subject)
        if len(self._restored_at_ms) > SIZE:
            self._restored_at_ms.popitem(last=False)
        return 0

    async def give_back(self, subject: str, limit: int, period_s: int) -> None:
        restored_at = self._restored_at_ms.get(subject)
        if restored_at is not None:
            self._restored_at_ms[subject] = restored_at - _interval_ms(limit, period_s)


def _interval_ms(limit: int, period_s: int) -> Fraction:
    return Fraction(period_s * 1_000, limit)
