"""The floor's calls on the four: to Cassandra and Redis, in modules of their own.

PostgreSQL and MongoDB are asked for nothing by the requests that are measured, once the caches are warm.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.calls import Newest, Sent
from bench.floor_cassandra import CassandraCalls, open_cassandra
from bench.floor_redis import RedisCalls, open_redis
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.settings import Settings
from iotflow.stores.cassandra.address import parse_address as parse_cassandra
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.redis.address import parse_address as parse_redis


class FourCalls:
    """Plays `Calls`."""

    def __init__(
        self,
        cassandra: CassandraCalls,
        redis: RedisCalls,
        player: CassandraTelemetry,
    ) -> None:
        """`player` reads what Redis does not hold."""
        self._cassandra = cassandra
        self._redis = redis
        self._player = player

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        await self._redis.seen(device_id, at_ms)

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        await self._cassandra.write(device_id, records)
        await self._redis.advance(device_id, records)

    async def latest(self, device_id: int) -> Mapping[str, Newest]:
        while (entry := await self._redis.latest(device_id)) is None:
            # By the store's own player, and as seldom as the service does.
            await self._redis.fill(device_id, await self._player.latest(device_id))
        return entry

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        return await self._cassandra.history(device_id, start_ms, end_ms, limit)


@asynccontextmanager
async def open_four(settings: Settings) -> AsyncIterator[FourCalls]:
    """The calls on connections that are set up as the service's are; entries in Redis are the floor's own."""
    async with AsyncExitStack() as stack:
        address = parse_cassandra(settings.telemetry_url)
        calls = await stack.enter_async_context(open_cassandra(address, settings.retention_days))
        cassandra = Cassandra(address)
        stack.push_async_callback(cassandra.close)
        player = CassandraTelemetry(cassandra, SystemClock(), settings.retention_days)
        redis = parse_redis(settings.cache_url)
        cache = open_redis(redis, f"{redis.prefix}-floor", settings.retention_days)
        yield FourCalls(calls, await stack.enter_async_context(cache), player)
