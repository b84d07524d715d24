"""The baseline's calls of Cassandra and Redis.

With warm caches the measured requests make no calls on PostgreSQL and MongoDB.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.baseline.calls import Newest, Sent
from bench.baseline.cassandra import CassandraCalls, open_cassandra
from bench.baseline.redis import RedisCalls, open_redis
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.settings import Settings
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.urls import parse_cassandra_url, parse_redis_url


class ServerCalls:
    """Server implementation of `Calls`."""

    def __init__(
        self,
        cassandra: CassandraCalls,
        redis: RedisCalls,
        store: CassandraTelemetry,
    ) -> None:
        """`store` reads values that are missing in Redis."""
        self._cassandra = cassandra
        self._redis = redis
        self._store = store

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        self._redis.seen(device_id, at_ms)

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        await self._cassandra.write(device_id, records)
        await self._redis.advance(device_id, records)

    async def latest(self, device_id: int) -> Mapping[str, Newest]:
        while (entry := await self._redis.latest(device_id)) is None:
            # By the service's store, and as rarely as in the service.
            await self._redis.fill(device_id, await self._store.latest(device_id))
        return entry

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        return await self._cassandra.history(device_id, start_ms, end_ms, limit)


@asynccontextmanager
async def open_servers(settings: Settings) -> AsyncIterator[ServerCalls]:
    """Open calls on connections with the service's options. The entries in Redis have another prefix."""
    async with AsyncExitStack() as stack:
        address = parse_cassandra_url(settings.telemetry_url)
        calls = await stack.enter_async_context(open_cassandra(address, settings.retention_days))
        cassandra = Cassandra(address)
        stack.push_async_callback(cassandra.close)
        store = CassandraTelemetry(cassandra, SystemClock(), settings.retention_days)
        redis = parse_redis_url(settings.cache_url)
        cache = open_redis(redis, f"{redis.prefix}-baseline", settings.retention_days)
        yield ServerCalls(calls, await stack.enter_async_context(cache), store)
