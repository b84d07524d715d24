"""Cache counters in Redis."""

from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.cache import CacheCounter
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import Command


class RedisCounters:
    """Redis implementation of `CacheCounters`: one hash. A process adds its counts in batches."""

    def __init__(self, batcher: CommandBatcher, prefix: str) -> None:
        self._batcher = batcher
        self._key = f"{prefix}:counters"
        self._unflushed = dict.fromkeys(CacheCounter, 0)
        self._totals = dict.fromkeys(CacheCounter, 0)

    async def add(self, counter: CacheCounter, amount: int) -> None:
        self._unflushed[counter] += amount

    async def totals(self) -> dict[CacheCounter, int]:
        try:
            await self.flush()
        except StoreUnavailable:
            return {counter: self._totals[counter] + self._unflushed[counter] for counter in CacheCounter}
        return dict(self._totals)

    async def flush(self) -> None:
        """Add the counts since the last flush, and read the totals. Raises StoreUnavailable."""
        counted, self._unflushed = self._unflushed, dict.fromkeys(CacheCounter, 0)
        commands: list[Command] = [("HINCRBY", self._key, counter, amount) for counter, amount in counted.items()]
        try:
            totals = await self._batcher.run(lambda _: commands)
        except StoreUnavailable:
            for counter, amount in counted.items():
                self._unflushed[counter] += amount
            raise
        self._totals = {counter: int(str(total)) for counter, total in zip(counted, totals, strict=True)}
