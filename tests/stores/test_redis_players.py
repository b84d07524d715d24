"""The players on Redis: each role's suite, and what lies in Redis."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from iotflow.clock import Clock
from iotflow.domain.telemetry import LatestValues
from iotflow.domain.times import Millis
from iotflow.repositories.counters import Counter
from iotflow.repositories.latest_cache import LARGEST_ENTRY_BYTES, LatestMiss
from iotflow.repositories.rate_limits import RateLimit
from iotflow.stores.redis import latest_cache
from iotflow.stores.redis.address import RedisAddress
from iotflow.stores.redis.cache import RedisCache
from iotflow.stores.redis.counters import RedisCounters
from iotflow.stores.redis.latest_cache import RedisLatestCache
from iotflow.stores.redis.presence import RedisPresence
from iotflow.stores.redis.principal_cache import RedisPrincipalCache
from iotflow.stores.redis.rate_limits import SHARES, RedisRateLimiter
from tests.clock import FakeClock
from tests.contracts.counters import CountersContract
from tests.contracts.latest_cache import LatestCacheContract, value
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import missed as missed_latest
from tests.contracts.presence import LATER, PresenceContract, T
from tests.contracts.principal_cache import LIFETIME_S, PrincipalCacheContract, device, fill
from tests.contracts.rate_limits import RateLimiterContract, admitted
from tests.contracts.timed import PassTime
from tests.stores import redis as on_redis
from tests.stores.redis import OnRedis

assert LIFETIME_S == on_redis.LIFETIME_S


class TestRedisPrincipalCache(OnRedis, PrincipalCacheContract):
    @pytest.fixture
    def cache(self, redis: RedisCache) -> RedisPrincipalCache:
        return redis.principals

    @pytest.fixture
    async def other(self, cache: RedisPrincipalCache, other_redis: RedisCache) -> RedisPrincipalCache:
        return other_redis.principals

    async def test_no_key_holds_more_than_the_digest_of_a_credential(
        self, cache: RedisPrincipalCache, raw: Redis, address: RedisAddress
    ) -> None:
        principal = device()
        await fill(cache, principal)
        (key,) = await raw.keys(f"{address.prefix}:principal:*")
        assert isinstance(key, bytes)
        assert f"{{{principal.credential.hex()}}}" in key.decode()
        assert 0 < await raw.pttl(key) <= LIFETIME_S * 1_000

    async def test_a_process_believes_what_it_knows_itself_without_asking(
        self, cache: RedisPrincipalCache, raw: Redis
    ) -> None:
        principal = device()
        await fill(cache, principal)
        before = (await raw.info("stats"))["total_commands_processed"]
        for _ in range(1_000):
            assert await cache.get(principal.credential) == principal
        assert (await raw.info("stats"))["total_commands_processed"] - before < 900


class TestRedisLatestCache(OnRedis, LatestCacheContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        """It begins with the epoch: the suite's times of receipt, the first microseconds, are of just now."""
        return FakeClock(Millis(0))

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> PassTime:
        async def pass_seconds(seconds: float) -> None:
            clock.advance(seconds)

        return pass_seconds

    @pytest.fixture
    def cache(self, redis: RedisCache, monkeypatch: pytest.MonkeyPatch) -> RedisLatestCache:
        monkeypatch.setattr(latest_cache, "LIFETIME_S", 60)  # no test takes so long
        return redis.latest

    @pytest.fixture
    async def other(self, cache: RedisLatestCache, other_redis: RedisCache) -> RedisLatestCache:
        return other_redis.latest

    async def test_an_entry_ends_though_it_is_read_and_advanced(
        self,
        cache: RedisLatestCache,
        raw: Redis,
        address: RedisAddress,
        device: int,
        clock: Clock,
    ) -> None:
        await fill_latest(cache, device, {"x": value(1)})
        (key,) = await raw.keys(f"{address.prefix}:latest:{{{device}}}:*")
        await raw.pexpire(key, 1_000)
        await cache.get(device)
        await cache.advance(device, {"x": value(2, T + 1, clock.receipt())})
        assert 0 < await raw.pttl(key) <= 1_000

    async def test_an_advance_soon_after_a_deletion_joins_no_entry(
        self, cache: RedisLatestCache, other: RedisLatestCache, device: int, clock: Clock
    ) -> None:
        received = clock.receipt()
        await other.invalidate(device)
        await fill_latest(other, device, {})
        await cache.advance(device, {"x": value("deleted", T, received)})
        await missed_latest(other, device)

    async def test_an_advance_long_after_the_receipt_joins_no_entry(
        self, cache: RedisLatestCache, device: int, clock: FakeClock
    ) -> None:
        received = clock.receipt()
        await fill_latest(cache, device, {})
        clock.advance(latest_cache.PROMPT_S + 1)
        await cache.advance(device, {"x": value("deleted", T, received)})
        await missed_latest(cache, device)

    async def test_more_names_than_a_device_may_have_fit(
        self, cache: RedisLatestCache, other: RedisLatestCache, device: int, clock: Clock
    ) -> None:
        values = {f"name {number}": value(number, T, clock.receipt()) for number in range(1_500)}
        await fill_latest(cache, device, values)
        newer = {name: value("newer", T + 1, clock.receipt()) for name in values}
        await cache.advance(device, newer)
        assert await other.get(device) == newer

    async def test_an_entry_is_bounded_in_bytes(
        self, cache: RedisLatestCache, raw: Redis, address: RedisAddress, clock: Clock
    ) -> None:
        def texts(first: int, number: int) -> LatestValues:
            return {f"name {first + n}": value("x" * 4_000, T, clock.receipt()) for n in range(number)}

        await fill_latest(cache, 1, texts(0, 300))
        await missed_latest(cache, 1)
        await fill_latest(cache, 2, {})
        for first in range(0, 250, 50):
            await cache.advance(2, texts(first, 50))
            (key,) = await raw.keys(f"{address.prefix}:latest:{{2}}:*")
            assert (await raw.memory_usage(key) or 0) <= 1.5 * LARGEST_ENTRY_BYTES
        assert await number_of_values(cache, 2) == 250
        await cache.advance(2, texts(0, 50))
        assert await number_of_values(cache, 2) == 250
        await cache.advance(2, texts(250, 50))
        await missed_latest(cache, 2)

    async def test_keys_of_a_device_share_a_slot(
        self, cache: RedisLatestCache, raw: Redis, address: RedisAddress, device: int
    ) -> None:
        await cache.invalidate(device)
        await fill_latest(cache, device, {"x": value(1)})
        await cache.invalidate(device)
        await missed_latest(cache, device)
        keys = await raw.keys(f"{address.prefix}:latest:*")
        slots = [key_slot(key) for key in keys if isinstance(key, bytes)]
        assert len(slots) == 2
        assert len(set(slots)) == 1


class TestRedisPresence(OnRedis, PresenceContract):
    @pytest.fixture
    def presence(self, redis: RedisCache) -> RedisPresence:
        return redis.presence

    @pytest.fixture
    async def other(self, presence: RedisPresence, other_redis: RedisCache) -> RedisPresence:
        return other_redis.presence

    async def test_what_a_process_took_and_did_not_store_another_one_takes(
        self, presence: RedisPresence, other: RedisPresence, device: int
    ) -> None:
        await presence.seen(device, T)
        assert await presence.unflushed() == await other.unflushed() == {device: T}
        await other.flushed({device: T})
        assert await presence.unflushed() == {}

    async def test_a_crowd_is_flushed_whole(self, presence: RedisPresence) -> None:
        seen = dict.fromkeys(range(1, 5_001), T)
        async with asyncio.TaskGroup() as devices:
            for device_id in seen:
                devices.create_task(presence.seen(device_id, T))
        assert await presence.unflushed() == seen
        await presence.seen(1, LATER)
        await presence.flushed(seen)
        assert await presence.unflushed() == {1: LATER}

    async def test_many_are_noted_in_few_commands(self, presence: RedisPresence, raw: Redis) -> None:
        before = (await raw.info("commandstats")).get("cmdstat_zadd", {"calls": 0})["calls"]
        async with asyncio.TaskGroup() as devices:
            for device_id in range(1, 501):
                devices.create_task(presence.seen(device_id, T))
        assert (await raw.info("commandstats"))["cmdstat_zadd"]["calls"] - before < 50


class TestRedisRateLimiter(OnRedis, RateLimiterContract):
    @pytest.fixture
    def limiter(self, redis: RedisCache) -> RedisRateLimiter:
        return redis.rate_limiter

    @pytest.fixture
    async def other(self, limiter: RedisRateLimiter, other_redis: RedisCache) -> RedisRateLimiter:
        return other_redis.rate_limiter

    async def test_no_key_tells_the_subject(self, limiter: RedisRateLimiter, raw: Redis, address: RedisAddress) -> None:
        await limiter.take("logins from 192.0.2.1", RateLimit("logins", 3, 60))
        (key,) = await raw.keys(f"{address.prefix}:limit:*")
        assert b"192.0.2.1" not in key
        assert 0 < await raw.pttl(key) <= 20_000

    async def test_few_uses_of_a_large_limit_ask_redis(self, limiter: RedisRateLimiter, raw: Redis) -> None:
        limit = RateLimit("requests", 10_000, 10_000)
        before = (await raw.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
        left = [(await limiter.take("device 1", limit)).remaining for _ in range(1_000)]
        assert left == list(range(9_999, 8_999, -1))
        assert (await raw.info("commandstats"))["cmdstat_evalsha"]["calls"] - before < 100

    async def test_two_processes_together_admit_what_is_allowed_but_for_what_they_hold(
        self, limiter: RedisRateLimiter, other: RedisRateLimiter
    ) -> None:
        limit = RateLimit("requests", 1_000, 100_000)
        uses = [(limiter, other)[number % 2].take("device 1", limit) for number in range(2_000)]
        admitted = [(await use).retry_after_s for use in uses].count(0)
        assert 1_000 - 2 * limit.limit // SHARES <= admitted <= 1_000

    async def test_what_was_stored_before_redis_clock_was_set_back_is_over(
        self, limiter: RedisRateLimiter, raw: Redis, address: RedisAddress
    ) -> None:
        assert await admitted(limiter, "ada", 3, 60, 4) == 3
        (key,) = await raw.keys(f"{address.prefix}:limit:*")
        ahead_ms = 6 * 3_600_000
        await raw.set(key, float(await raw.get(key) or 0) + ahead_ms, px=ahead_ms)
        assert await admitted(limiter, "ada", 3, 60, 4) == 3


class TestRedisCounters(OnRedis, CountersContract):
    @pytest.fixture
    def counters(self, redis: RedisCache) -> RedisCounters:
        return redis.counters

    @pytest.fixture
    async def other(self, counters: RedisCounters, other_redis: RedisCache) -> RedisCounters:
        return other_redis.counters

    async def test_what_was_counted_is_added_though_nobody_asks(
        self, counters: RedisCounters, raw: Redis, address: RedisAddress
    ) -> None:
        await counters.add(Counter.CACHE_HITS, 3)

        async def added() -> bool:
            return await raw.hget(f"{address.prefix}:counters", "cache_hits") == b"3"

        await on_redis.eventually(added)


async def number_of_values(cache: RedisLatestCache, device_id: int) -> int:
    found = await cache.get(device_id)
    assert not isinstance(found, LatestMiss)
    return len(found)
