"""The implementations on Redis: the contract suite of each interface, and the stored keys."""

import asyncio
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from iotflow.addresses import RedisAddress
from iotflow.clock import Clock
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.principals import Principal
from iotflow.domain.telemetry import LatestValues
from iotflow.domain.times import Millis
from iotflow.repositories.cache import MAX_ENTRY_BYTES, CacheCounter, Miss, RateLimit
from iotflow.stores.redis import latest_cache
from iotflow.stores.redis.broker import RedisBroker
from iotflow.stores.redis.cache import RedisCache, open_redis
from iotflow.stores.redis.counters import RedisCounters
from iotflow.stores.redis.latest_cache import RedisLatestCache
from iotflow.stores.redis.live_events import RedisLiveEventLog
from iotflow.stores.redis.presence import RedisPresence
from iotflow.stores.redis.rate_limits import SHARES, RedisRateLimiter
from iotflow.stores.redis.versioned_cache import RedisVersionedCache
from tests.clock import FakeClock
from tests.contracts.broker import BrokerContract
from tests.contracts.counters import CountersContract
from tests.contracts.latest_cache import LatestCacheContract, value
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import missed as missed_latest
from tests.contracts.live_events import LiveEventLogContract, wait_until_ready
from tests.contracts.presence import LATER, PresenceContract, T, wait_for_presence
from tests.contracts.rate_limits import RateLimiterContract, admitted
from tests.contracts.timed import PassTime
from tests.contracts.versioned_cache import LIFETIME_S, DeviceCacheContract, IdentityCacheContract, device, fill
from tests.stores import redis as on_redis
from tests.stores.redis import OnRedis

assert LIFETIME_S == on_redis.LIFETIME_S

Identities = RedisVersionedCache[bytes, Principal]


class TestRedisIdentityCache(OnRedis, IdentityCacheContract):
    @pytest.fixture
    def cache(self, redis: RedisCache) -> Identities:
        return redis.identity_cache

    @pytest.fixture
    async def other(self, cache: Identities, other_redis: RedisCache) -> Identities:
        return other_redis.identity_cache

    async def test_no_key_holds_more_than_the_digest_of_a_credential(
        self, cache: Identities, raw: Redis, address: RedisAddress
    ) -> None:
        principal = device()
        await fill(cache, principal)
        (key,) = await raw.keys(f"{address.prefix}:identity:*")
        assert isinstance(key, bytes)
        assert f"{{{principal.digest.hex()}}}" in key.decode()
        assert 0 < await raw.pttl(key) <= LIFETIME_S * 1_000

    async def test_a_process_serves_its_own_entries_without_redis(self, cache: Identities, raw: Redis) -> None:
        principal = device()
        await fill(cache, principal)
        before = (await raw.info("stats"))["total_commands_processed"]
        for _ in range(1_000):
            assert await cache.get(principal.digest) == principal
        assert (await raw.info("stats"))["total_commands_processed"] - before < 900


class TestRedisDeviceCache(OnRedis, DeviceCacheContract):
    @pytest.fixture
    def cache(self, redis: RedisCache) -> RedisVersionedCache[int, DeviceSummary]:
        return redis.device_cache

    @pytest.fixture
    async def other(
        self, cache: RedisVersionedCache[int, DeviceSummary], other_redis: RedisCache
    ) -> RedisVersionedCache[int, DeviceSummary]:
        return other_redis.device_cache


class TestRedisLatestCache(OnRedis, LatestCacheContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        """A clock that starts at the epoch, so that the receipts of the suite, the first microseconds, are recent."""
        return FakeClock(Millis(0))

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> PassTime:
        async def pass_seconds(seconds: float) -> None:
            clock.advance(seconds)

        return pass_seconds

    @pytest.fixture
    def cache(self, redis: RedisCache, monkeypatch: pytest.MonkeyPatch) -> RedisLatestCache:
        monkeypatch.setattr(latest_cache, "LIFETIME_S", 60)  # longer than any test
        return redis.latest_cache

    @pytest.fixture
    async def other(self, cache: RedisLatestCache, other_redis: RedisCache) -> RedisLatestCache:
        return other_redis.latest_cache

    async def test_reads_and_merges_do_not_lengthen_an_entry_s_lifetime(
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
        await cache.merge(device, {"x": value(2, T + 1, clock.unique_now())})
        assert 0 < await raw.pttl(key) <= 1_000

    async def test_a_merge_soon_after_a_deletion_drops_the_entry(
        self, cache: RedisLatestCache, other: RedisLatestCache, device: int, clock: Clock
    ) -> None:
        received = clock.unique_now()
        await other.invalidate(device)
        await fill_latest(other, device, {})
        await cache.merge(device, {"x": value("deleted", T, received)})
        await missed_latest(other, device)

    async def test_a_merge_long_after_the_receipt_drops_the_entry(
        self, cache: RedisLatestCache, device: int, clock: FakeClock
    ) -> None:
        received = clock.unique_now()
        await fill_latest(cache, device, {})
        clock.advance(latest_cache.MAX_MERGE_DELAY_S + 1)
        await cache.merge(device, {"x": value("deleted", T, received)})
        await missed_latest(cache, device)

    async def test_more_names_than_a_device_may_have_fit(
        self, cache: RedisLatestCache, other: RedisLatestCache, device: int, clock: Clock
    ) -> None:
        values = {f"name {number}": value(number, T, clock.unique_now()) for number in range(1_500)}
        await fill_latest(cache, device, values)
        newer = {name: value("newer", T + 1, clock.unique_now()) for name in values}
        await cache.merge(device, newer)
        assert await other.get(device) == newer

    async def test_an_entry_is_bounded_in_bytes(
        self, cache: RedisLatestCache, raw: Redis, address: RedisAddress, clock: Clock
    ) -> None:
        def texts(first: int, number: int) -> LatestValues:
            return {f"name {first + n}": value("x" * 4_000, T, clock.unique_now()) for n in range(number)}

        await fill_latest(cache, 1, texts(0, 300))
        await missed_latest(cache, 1)
        await fill_latest(cache, 2, {})
        for first in range(0, 250, 50):
            await cache.merge(2, texts(first, 50))
            (key,) = await raw.keys(f"{address.prefix}:latest:{{2}}:*")
            assert (await raw.memory_usage(key) or 0) <= 1.5 * MAX_ENTRY_BYTES
        assert await number_of_values(cache, 2) == 250
        await cache.merge(2, texts(0, 50))
        assert await number_of_values(cache, 2) == 250
        await cache.merge(2, texts(250, 50))
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

    async def test_presence_that_one_process_took_and_did_not_store_is_taken_by_another(
        self, presence: RedisPresence, other: RedisPresence, device: int
    ) -> None:
        await presence.touch(device, T)
        assert await presence.pending() == {device: T}
        await wait_for_presence(other, {device: T})
        await other.mark_flushed({device: T})
        assert await presence.pending() == {}

    async def test_presence_of_many_devices_is_flushed_completely(self, presence: RedisPresence) -> None:
        seen = dict.fromkeys(range(1, 5_001), T)
        async with asyncio.TaskGroup() as devices:
            for device_id in seen:
                devices.create_task(presence.touch(device_id, T))
        assert await presence.pending() == seen
        await presence.touch(1, LATER)
        await presence.mark_flushed(seen)
        assert await presence.pending() == {1: LATER}

    async def test_many_touches_share_few_commands(
        self, presence: RedisPresence, other: RedisPresence, raw: Redis
    ) -> None:
        before = (await raw.info("commandstats")).get("cmdstat_zadd", {"calls": 0})["calls"]
        async with asyncio.TaskGroup() as devices:
            for device_id in range(1, 501):
                devices.create_task(presence.touch(device_id, T))
        await wait_for_presence(other, dict.fromkeys(range(1, 501), T))
        assert (await raw.info("commandstats"))["cmdstat_zadd"]["calls"] - before < 50


class TestRedisRateLimiter(OnRedis, RateLimiterContract):
    @pytest.fixture
    def limiter(self, redis: RedisCache) -> RedisRateLimiter:
        return redis.rate_limiter

    @pytest.fixture
    async def other(self, limiter: RedisRateLimiter, other_redis: RedisCache) -> RedisRateLimiter:
        return other_redis.rate_limiter

    async def test_no_key_holds_the_subject(self, limiter: RedisRateLimiter, raw: Redis, address: RedisAddress) -> None:
        await limiter.hit("logins from 192.0.2.1", RateLimit("logins", 3, 60))
        (key,) = await raw.keys(f"{address.prefix}:limit:*")
        assert b"192.0.2.1" not in key
        assert 0 < await raw.pttl(key) <= 20_000

    async def test_few_uses_of_a_large_limit_call_redis(self, limiter: RedisRateLimiter, raw: Redis) -> None:
        limit = RateLimit("requests", 10_000, 10_000)
        before = (await raw.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
        left = [(await limiter.hit("device 1", limit)).remaining for _ in range(1_000)]
        assert left == list(range(9_999, 8_999, -1))
        assert (await raw.info("commandstats"))["cmdstat_evalsha"]["calls"] - before < 100

    async def test_two_processes_together_admit_the_limit_except_for_local_units(
        self, limiter: RedisRateLimiter, other: RedisRateLimiter
    ) -> None:
        limit = RateLimit("requests", 1_000, 100_000)
        uses = [(limiter, other)[number % 2].hit("device 1", limit) for number in range(2_000)]
        admitted = [(await use).retry_after_s for use in uses].count(0)
        assert 1_000 - 2 * limit.limit // SHARES <= admitted <= 1_000

    async def test_limits_stored_before_the_clock_of_redis_was_set_back_have_ended(
        self, limiter: RedisRateLimiter, raw: Redis, address: RedisAddress
    ) -> None:
        assert await admitted(limiter, "ada", 3, 60, 4) == 3
        (key,) = await raw.keys(f"{address.prefix}:limit:*")
        ahead_ms = 6 * 3_600_000
        await raw.set(key, float(await raw.get(key) or 0) + ahead_ms, px=ahead_ms)
        assert await admitted(limiter, "ada", 3, 60, 4) == 3


class TestRedisBroker(OnRedis, BrokerContract):
    @pytest.fixture
    def broker(self, redis: RedisCache) -> RedisBroker:
        return redis.broker

    @pytest.fixture
    async def other(self, broker: RedisBroker, other_redis: RedisCache) -> RedisBroker:
        return other_redis.broker

    async def test_redis_holds_no_topic_without_subscribers(
        self, broker: RedisBroker, raw: Redis, address: RedisAddress
    ) -> None:
        pattern = f"{address.prefix}:topic *"
        async with broker.subscribe(["topic 1", "topic 2"]), broker.subscribe(["topic 2"]):
            assert len(await raw.pubsub_channels(pattern)) == 2

        async def left() -> bool:
            return await raw.pubsub_channels(pattern) == []

        await on_redis.eventually(left)


class TestRedisCounters(OnRedis, CountersContract):
    @pytest.fixture
    def counters(self, redis: RedisCache) -> RedisCounters:
        return redis.counters

    @pytest.fixture
    async def other(self, counters: RedisCounters, other_redis: RedisCache) -> RedisCounters:
        return other_redis.counters

    async def test_counts_are_flushed_without_a_reader(
        self, counters: RedisCounters, raw: Redis, address: RedisAddress
    ) -> None:
        await counters.add(CacheCounter.CACHE_HITS, 3)

        async def added() -> bool:
            return await raw.hget(f"{address.prefix}:counters", "cache_hits") == b"3"

        await on_redis.eventually(added)


async def number_of_values(cache: RedisLatestCache, device_id: int) -> int:
    found = await cache.get(device_id)
    assert not isinstance(found, Miss)
    return len(found)


class TestRedisLiveEventLog(OnRedis, LiveEventLogContract):
    @pytest.fixture
    def log(self, redis: RedisCache) -> RedisLiveEventLog:
        return redis.live_events

    @pytest.fixture
    def other(self, other_redis: RedisCache) -> RedisLiveEventLog:
        return other_redis.live_events

    async def test_a_process_that_starts_misses_no_event_of_an_account_that_others_follow(
        self, log: RedisLiveEventLog, address: RedisAddress, clock: Clock, user_id: UUID
    ) -> None:
        async with log.follow(user_id), open_redis(address, clock, LIFETIME_S) as started:
            assert started.live_events.is_followed(user_id), "before others have answered"
            await wait_until_ready(started.live_events)
            assert started.live_events.is_followed(user_id)
