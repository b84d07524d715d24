"""Redis for the players: a prefix of each test's own, two processes' players, and a connection beside them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from iotflow.clock import Clock, SystemClock
from iotflow.stores.redis import pipeline
from iotflow.stores.redis.address import RedisAddress, parse_address
from iotflow.stores.redis.cache import RedisCache, open_redis
from tests.contracts.timed import PassTime

DEADLINE_S = 10.0
LIFETIME_S = 3
BOUNDED = ("generation", "counters")
"""The keys without a lifetime: one string, and one hash of a few totals."""


class OnRedis:
    """Makes a suite run on Redis, in real time. After each test every key has a lifetime or is a bounded one."""

    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def pass_time(self) -> PassTime:
        return asyncio.sleep

    @pytest.fixture(autouse=True)
    def _patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A busy machine is no outage: these suites ask what the players answer, not how fast."""
        monkeypatch.setattr(pipeline, "DEADLINE_S", DEADLINE_S)

    @pytest.fixture
    def address(self, redis_url: str) -> RedisAddress:
        return replace(parse_address(redis_url), prefix=f"test-{secrets.token_hex(6)}")

    @pytest.fixture
    async def raw(self, redis_url: str, address: RedisAddress) -> AsyncIterator[Redis]:
        raw = Redis.from_url(redis_url, protocol=2)
        yield raw
        keys = await raw.keys(f"{address.prefix}:*")
        bounded = {f"{address.prefix}:{name}".encode() for name in BOUNDED}
        lasting = [key for key in keys if await raw.ttl(key) < 0 and key not in bounded]
        if keys:
            await raw.delete(*keys)
        await raw.aclose()
        assert lasting == []

    @pytest.fixture
    async def redis(self, raw: Redis, address: RedisAddress, clock: Clock) -> AsyncIterator[RedisCache]:
        """This process's players."""
        async with open_redis(address, clock, LIFETIME_S) as redis:
            # A process that begins voids the entries of others: not in the middle of a test.
            await redis.ping()
            yield redis

    @pytest.fixture
    async def other_redis(self, redis: RedisCache, address: RedisAddress, clock: Clock) -> AsyncIterator[RedisCache]:
        """Another process's."""
        async with open_redis(address, clock, LIFETIME_S) as other:
            await other.ping()
            yield other


async def eventually(holds: Callable[[], Awaitable[bool]], deadline_s: float = DEADLINE_S) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while not await holds():  # noqa: ASYNC110  # the store tells nobody that it has changed
            await asyncio.sleep(0.01)
