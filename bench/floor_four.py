"""The floor's calls on the four: PostgreSQL by asyncpg here, Cassandra and Redis in modules of their own.

MongoDB is asked for nothing by the requests that are measured.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bench.calls import Device, Newest, Sent
from bench.floor_cassandra import CassandraCalls, open_cassandra
from bench.floor_redis import RedisCalls, open_redis
from bench.statements import BEGIN_READ, DEVICE_ON_POSTGRES, ROLLBACK
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.settings import Settings
from iotflow.stores.cassandra.address import parse_address as parse_cassandra
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.redis.address import parse_address as parse_redis
from iotflow.stores.sql.dialect import SCAN_TIMEOUT_S
from iotflow.stores.sql.postgres import READERS, Partings, postgres_engines


class FourCalls:
    """Plays `Calls`."""

    def __init__(
        self,
        readers: "asyncio.LifoQueue[Any]",
        cassandra: CassandraCalls,
        redis: RedisCalls,
        player: CassandraTelemetry,
    ) -> None:
        """`readers` are connections of asyncpg, which has no types; `player` reads what Redis does not hold."""
        self._readers = readers
        self._cassandra = cassandra
        self._redis = redis
        self._player = player

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        await self._redis.seen(device_id, at_ms)

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        await self._cassandra.write(device_id, records)
        await self._redis.advance(device_id, records)

    async def device(self, device_id: int) -> Device:
        reader = await self._readers.get()
        await reader.execute(BEGIN_READ)
        (row,) = await reader.fetch(DEVICE_ON_POSTGRES, device_id)
        await reader.execute(ROLLBACK)
        self._readers.put_nowait(reader)
        return Device(row["id"], row["name"], row["device_type"])

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
        _, reading = postgres_engines(settings.database_url, SCAN_TIMEOUT_S, Partings())
        stack.push_async_callback(reading.dispose)
        readers: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for _ in range(READERS):
            connection = await reading.raw_connection()
            stack.callback(connection.close)
            readers.put_nowait(connection.driver_connection)
        address = parse_cassandra(settings.telemetry_url)
        calls = await stack.enter_async_context(open_cassandra(address, settings.retention_days))
        cassandra = Cassandra(address)
        stack.push_async_callback(cassandra.close)
        player = CassandraTelemetry(cassandra, SystemClock(), settings.retention_days)
        redis = parse_redis(settings.cache_url)
        cache = open_redis(redis, f"{redis.prefix}-floor", settings.retention_days)
        yield FourCalls(readers, calls, await stack.enter_async_context(cache), player)
