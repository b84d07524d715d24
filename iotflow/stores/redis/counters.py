"""Running totals in Redis."""

from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.counters import Counter
from iotflow.stores.redis.connection import Command
from iotflow.stores.redis.pipeline import Pipeline


class RedisCounters:
    """Plays `Counters`: one hash. A process adds what it has counted some times a second, and when totals are read."""

    def __init__(self, pipeline: Pipeline, prefix: str) -> None:
        self._pipeline = pipeline
        self._key = f"{prefix}:counters"
        self._counted = dict.fromkeys(Counter, 0)
        self._totals = dict.fromkeys(Counter, 0)

    async def add(self, counter: Counter, amount: int) -> None:
        self._counted[counter] += amount

    async def totals(self) -> dict[Counter, int]:
        try:
            await self.flush()
        except StoreUnavailable:
            return {counter: self._totals[counter] + self._counted[counter] for counter in Counter}
        return dict(self._totals)

    async def flush(self) -> None:
        """Add what was counted since the last flush, and learn the totals. Raises StoreUnavailable."""
        counted, self._counted = self._counted, dict.fromkeys(Counter, 0)
        commands: list[Command] = [("HINCRBY", self._key, counter, amount) for counter, amount in counted.items()]
        try:
            totals = await self._pipeline.run(lambda _: commands)
        except StoreUnavailable:
            for counter, amount in counted.items():
                self._counted[counter] += amount
            raise
        self._totals = {counter: int(str(total)) for counter, total in zip(counted, totals, strict=True)}
