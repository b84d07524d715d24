"""Cache counters in the memory of one process."""

from iotflow.repositories.cache import CacheCounter


class MemoryCounters:
    """In-memory implementation of `CacheCounters`."""

    def __init__(self) -> None:
        self._totals = dict.fromkeys(CacheCounter, 0)

    async def add(self, counter: CacheCounter, amount: int) -> None:
        self._totals[counter] += amount

    async def totals(self) -> dict[CacheCounter, int]:
        return dict(self._totals)
