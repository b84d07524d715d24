"""Running totals that operators look at."""

from enum import StrEnum
from typing import Protocol


class Counter(StrEnum):
    """What is counted."""

    CACHE_HITS = "cache_hits"
    CACHE_MISSES = "cache_misses"


class Counters(Protocol):
    """Totals since the cache was started. They are estimates: a lost increment is no error."""

    async def add(self, counter: Counter, amount: int) -> None:
        """Count."""
        ...

    async def totals(self) -> dict[Counter, int]:
        """All totals, with what other processes counted up to a moment ago; zero for what was never counted."""
        ...
