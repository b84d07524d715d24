"""The in-memory implementations: the contract suite of each interface, and their bounds."""

import tracemalloc
from dataclasses import replace
from uuid import UUID

import pytest

from iotflow.clock import Clock
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.live_events import HISTORY_LIFETIME_S
from iotflow.domain.principals import Principal
from iotflow.domain.telemetry import LatestValues
from iotflow.domain.times import Millis
from iotflow.repositories.cache import RateLimit
from iotflow.stores.codecs import DeviceCodec, IdentityCodec
from iotflow.stores.memory import latest_cache, rate_limits
from iotflow.stores.memory.broker import MemoryBroker
from iotflow.stores.memory.cache import MAX_DEVICES_BYTES, MAX_IDENTITIES_BYTES
from iotflow.stores.memory.counters import MemoryCounters
from iotflow.stores.memory.latest_cache import MemoryLatestCache
from iotflow.stores.memory.live_events import MemoryLiveEventLog
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.memory.rule_states import MemoryRuleStates
from iotflow.stores.memory.versioned_cache import MemoryVersionedCache
from tests.clock import FakeClock
from tests.contracts.alerts import RuleStatesContract
from tests.contracts.broker import BrokerContract
from tests.contracts.counters import CountersContract
from tests.contracts.latest_cache import LatestCacheContract, T, value
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import missed as missed_latest
from tests.contracts.live_events import LiveEventLogContract
from tests.contracts.presence import PresenceContract
from tests.contracts.rate_limits import RateLimiterContract, admitted
from tests.contracts.versioned_cache import (
    LIFETIME_S,
    DeviceCacheContract,
    IdentityCacheContract,
    device,
    fill,
    missed,
    summary,
)

CROWDED = "\U0001f321"
"""A character that makes Python use four bytes per character of a text."""


class TestMemoryIdentityCache(IdentityCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryVersionedCache[bytes, Principal]:
        return MemoryVersionedCache(IdentityCodec(), clock, LIFETIME_S, MAX_IDENTITIES_BYTES)

    async def test_it_holds_a_limited_number_of_bytes_used_last(
        self, cache: MemoryVersionedCache[bytes, Principal]
    ) -> None:
        principals = [
            replace(one, device=replace(one.device, name=CROWDED * 128)) for one in map(device, [None] * 20_000)
        ]
        tracemalloc.start()
        for principal in principals:
            await fill(cache, principal)
            await cache.get(principals[0].digest)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken <= MAX_IDENTITIES_BYTES
        await missed(cache, principals[1].digest)
        for kept in (0, -2, -1):
            assert await cache.get(principals[kept].digest) == principals[kept]

    async def test_dropping_all_entries_also_prevents_fills_of_reads_in_progress(
        self, cache: MemoryVersionedCache[bytes, Principal]
    ) -> None:
        known, being_read = device(), device()
        await fill(cache, known)
        early = await missed(cache, being_read.digest)
        cache.clear()
        await missed(cache, known.digest)
        await cache.fill(being_read.digest, being_read, early)
        await missed(cache, being_read.digest)
        await fill(cache, known)

    async def test_an_entry_may_end_before_the_cache_s_lifetime(
        self, cache: MemoryVersionedCache[bytes, Principal], clock: FakeClock
    ) -> None:
        principal = device()
        miss = await missed(cache, principal.digest)
        cache.fill_for(principal.digest, principal, miss, 1_000)
        clock.advance(0.9)
        assert await cache.get(principal.digest) == principal
        clock.advance(0.1)
        await missed(cache, principal.digest)


class TestMemoryDeviceCache(DeviceCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryVersionedCache[int, DeviceSummary]:
        return MemoryVersionedCache(DeviceCodec(), clock, LIFETIME_S, MAX_DEVICES_BYTES)

    async def test_it_holds_a_limited_number_of_bytes(self, cache: MemoryVersionedCache[int, DeviceSummary]) -> None:
        tracemalloc.start()
        for device_id in range(1, 20_001):
            await self.fill(cache, replace(summary(), id=device_id, name=f"{device_id:0100}"))
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken <= MAX_DEVICES_BYTES
        found = await cache.get(20_000)
        assert isinstance(found, DeviceSummary)
        assert found.name == f"{20_000:0100}"
        await missed(cache, 1)


class TestMemoryLatestCache(LatestCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryLatestCache:
        return MemoryLatestCache(clock)

    @pytest.mark.parametrize(("names", "text"), [(1, 5), (5, 100), (200, 4_000), (800, 0)])
    async def test_it_holds_a_limited_number_of_bytes_read_last(
        self, monkeypatch: pytest.MonkeyPatch, clock: Clock, names: int, text: int
    ) -> None:
        """The counted bytes are at least those that Python has allocated."""
        monkeypatch.setattr(latest_cache, "MAX_BYTES", 8 * 2**20)
        cache = MemoryLatestCache(clock)
        devices = 3 * latest_cache.MAX_BYTES // (1_000 + names * (text + 300))

        def values(device_id: int) -> LatestValues:
            received = [device_id * 1_000 + number for number in range(names)]
            return {f"{n} of {device_id}": value(f"{n:0{text}}" if text else n / 7, T + n, n) for n in received}

        tracemalloc.start()
        for device_id in range(devices):
            await fill_latest(cache, device_id, values(device_id))
            await cache.get(0)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert latest_cache.MAX_BYTES / 3 <= taken <= latest_cache.MAX_BYTES
        await missed_latest(cache, 1)
        for kept in (0, devices - 2, devices - 1):
            assert await cache.get(kept) == values(kept)

    async def test_a_device_with_a_large_entry_is_not_cached(self, cache: MemoryLatestCache, clock: FakeClock) -> None:
        large = {f"name {number}": value("x" * 4_000, T, clock.unique_now()) for number in range(300)}
        await fill_latest(cache, 1, large)
        await missed_latest(cache, 1)
        await fill_latest(cache, 2, {"x": value(1)})
        await cache.merge(2, large)
        await missed_latest(cache, 2)

    async def test_unread_entries_expire(self, cache: MemoryLatestCache, clock: FakeClock) -> None:
        await fill_latest(cache, 1, {"x": value(1)})
        clock.advance(latest_cache.LIFETIME_MS / 1_000)
        await missed_latest(cache, 1)

    async def test_a_read_does_not_fill_after_its_version_was_dropped(self, cache: MemoryLatestCache) -> None:
        early = await missed_latest(cache, 0)
        for device_id in range(latest_cache.MAX_VERSIONS + 1):
            await cache.invalidate(device_id)
        await cache.fill(0, {"x": value("deleted")}, early)
        await missed_latest(cache, 0)


class TestMemoryPresence(PresenceContract):
    @pytest.fixture
    def presence(self) -> MemoryPresence:
        return MemoryPresence()


class TestMemoryRuleStates(RuleStatesContract):
    @pytest.fixture
    def states(self, clock: FakeClock) -> MemoryRuleStates:
        return MemoryRuleStates(clock)


class TestMemoryRateLimiter(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: Clock) -> MemoryRateLimiter:
        return MemoryRateLimiter(clock)

    async def test_other_subjects_never_evict_the_count_of_one(self, limiter: MemoryRateLimiter) -> None:
        tracemalloc.start()
        assert await admitted(limiter, "victim", 3, 60, 4) == 3
        for number in range(rate_limits.MAX_SUBJECTS + rate_limits.SHARED_COUNTERS + 50_000):
            await limiter.hit(f"subject {number}", RateLimit("tries", 3, 60))
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken <= 32 * 2**20
        assert await admitted(limiter, "victim", 3, 60, 1) == 0
        late = [await admitted(limiter, f"late {number}", 3, 60, 4) for number in range(100)]
        assert max(late) <= 3

    async def test_subjects_with_all_units_available_are_evicted(
        self, limiter: MemoryRateLimiter, clock: FakeClock
    ) -> None:
        for number in range(rate_limits.MAX_SUBJECTS + 1_000):
            await limiter.hit(f"subject {number}", RateLimit("tries", 1, 60))
        clock.advance(60)
        for number in range(10_000):
            assert await admitted(limiter, f"other {number}", 1, 60, 2) == 1

    async def test_a_clock_that_is_set_changes_nothing(self, limiter: MemoryRateLimiter, clock: FakeClock) -> None:
        assert await admitted(limiter, "ada", 2, 60, 3) == 2
        clock.set(Millis(clock.now() - 6 * 3_600_000))
        assert await admitted(limiter, "ada", 2, 60, 1) == 0
        clock.advance(60)
        assert await admitted(limiter, "ada", 2, 60, 3) == 2


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def broker(self) -> MemoryBroker:
        return MemoryBroker()

    async def test_no_topic_outlasts_its_subscribers(self, broker: MemoryBroker) -> None:
        async with broker.subscribe(["a", "b"]), broker.subscribe(["a"]):
            assert set(broker.topics) == {"a", "b"}
        assert set(broker.topics) == set()


class TestMemoryCounters(CountersContract):
    @pytest.fixture
    def counters(self) -> MemoryCounters:
        return MemoryCounters()


class TestMemoryLiveEventLog(LiveEventLogContract):
    @pytest.fixture
    def log(self) -> MemoryLiveEventLog:
        return MemoryLiveEventLog(MemoryBroker())

    async def test_the_log_of_an_account_that_nobody_follows_expires(self) -> None:
        now_s = 0.0
        log, user_id = MemoryLiveEventLog(MemoryBroker(), monotonic=lambda: now_s), UUID(int=1)
        async with log.follow(user_id):
            await log.append(user_id, [b"a"])
            now_s = 2 * HISTORY_LIFETIME_S
            assert log.is_followed(user_id)
        now_s += HISTORY_LIFETIME_S - 1
        assert log.is_followed(user_id)
        now_s += 1
        assert not log.is_followed(user_id)
        async with log.follow(UUID(int=2)):
            assert log._logs == {}
