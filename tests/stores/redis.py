"""Fixtures for Redis: a prefix per test, the implementations of two processes, and a connection beside them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from iotflow.addresses import RedisAddress
from iotflow.clock import Clock, SystemClock
from iotflow.stores.redis import batcher
from iotflow.stores.redis.cache import RedisCache, open_redis
from iotflow.urls import parse_redis_url
from tests.contracts.timed import PassTime

DEADLINE_S = 10.0
NO_TTL = -1
"""Reply of TTL for a key without a lifetime. A key that expired after KEYS has -2."""
LIFETIME_S = 3
BOUNDED = ("generation", "counters")
"""The keys without a lifetime: one string, and one hash of a few totals."""


class OnRedis:
    """Runs a suite on Redis, in real time. After each test every key has a lifetime or is one of `BOUNDED`."""

    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def pass_time(self) -> PassTime:
        return asyncio.sleep

    @pytest.fixture(autouse=True)
    def _patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Raise the deadline of calls: these suites check results, and a busy machine is slow."""
        monkeypatch.setattr(batcher, "CALL_DEADLINE_S", DEADLINE_S)

    @pytest.fixture
    def address(self, redis_url: str) -> RedisAddress:
        return replace(parse_redis_url(redis_url), prefix=f"test-{secrets.token_hex(6)}")

    @pytest.fixture
    async def raw(self, redis_url: str, address: RedisAddress) -> AsyncIterator[Redis]:
        raw = Redis.from_url(redis_url, protocol=2)
        yield raw
        keys = await raw.keys(f"{address.prefix}:*")
        bounded = {f"{address.prefix}:{name}".encode() for name in BOUNDED}
        lasting = [key for key in keys if await raw.ttl(key) == NO_TTL and key not in bounded]
        if keys:
            await raw.delete(*keys)
        await raw.aclose()
        assert lasting == []

    @pytest.fixture
    async def redis(self, raw: Redis, address: RedisAddress, clock: Clock) -> AsyncIterator[RedisCache]:
        """The cache of one process."""
        async with open_redis(address, clock, LIFETIME_S) as redis:
            # A process that starts invalidates the entries of others, so both start before the test.
            await redis.ping()
            yield redis

    @pytest.fixture
    async def other_redis(self, redis: RedisCache, address: RedisAddress, clock: Clock) -> AsyncIterator[RedisCache]:
        """The cache of another process."""
        async with open_redis(address, clock, LIFETIME_S) as other:
            await other.ping()
            yield other


async def eventually(holds: Callable[[], Awaitable[bool]], deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while not await holds():  # noqa: ASYNC110  # the store does not signal changes
            await asyncio.sleep(0.01)
