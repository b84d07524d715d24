"""Running totals in the memory of one process."""

from iotflow.repositories.counters import Counter


class MemoryCounters:
    """Plays `Counters`."""

    def __init__(self) -> None:
        self._totals = dict.fromkeys(Counter, 0)

    async def add(self, counter: Counter, amount: int) -> None:
        self._totals[counter] += amount

    async def totals(self) -> dict[Counter, int]:
        return dict(self._totals)
