"""The players in the memory of one process, around which there is nothing to look at."""

import tracemalloc
from dataclasses import replace

import pytest

from iotflow.clock import Clock
from iotflow.domain.telemetry import LatestValues
from iotflow.domain.times import Millis
from iotflow.repositories.rate_limits import RateLimit
from iotflow.stores.memory import latest_cache, principal_cache, rate_limits
from iotflow.stores.memory.counters import MemoryCounters
from iotflow.stores.memory.latest_cache import MemoryLatestCache
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.memory.principal_cache import MemoryPrincipalCache
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from tests.clock import FakeClock
from tests.contracts.counters import CountersContract
from tests.contracts.latest_cache import LatestCacheContract, T, value
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import missed as missed_latest
from tests.contracts.presence import PresenceContract
from tests.contracts.principal_cache import LIFETIME_S, PrincipalCacheContract, device, fill, missed
from tests.contracts.rate_limits import RateLimiterContract, admitted

CROWDED = "\U0001f321"
"""A character that makes Python keep four bytes for each of a text."""


class TestMemoryPrincipalCache(PrincipalCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryPrincipalCache:
        return MemoryPrincipalCache(clock, LIFETIME_S)

    async def test_it_holds_a_bounded_number_of_bytes_those_used_last(self, cache: MemoryPrincipalCache) -> None:
        principals = [replace(device(), name=CROWDED * 128) for _ in range(20_000)]
        tracemalloc.start()
        for principal in principals:
            await fill(cache, principal)
            await cache.get(principals[0].credential)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken <= principal_cache.LIMIT_BYTES
        await missed(cache, principals[1].credential)
        for kept in (0, -2, -1):
            assert await cache.get(principals[kept].credential) == principals[kept]

    async def test_all_can_be_forgotten_at_once_with_what_is_being_read(self, cache: MemoryPrincipalCache) -> None:
        known, being_read = device(), device()
        await fill(cache, known)
        early = await missed(cache, being_read.credential)
        cache.clear()
        await missed(cache, known.credential)
        await cache.fill(being_read.credential, being_read, early)
        await missed(cache, being_read.credential)
        await fill(cache, known)

    async def test_an_entry_may_end_before_the_cache_s_lifetime(
        self, cache: MemoryPrincipalCache, clock: FakeClock
    ) -> None:
        principal = device()
        miss = await missed(cache, principal.credential)
        cache.keep(principal.credential, principal, miss, 1_000)
        clock.advance(0.9)
        assert await cache.get(principal.credential) == principal
        clock.advance(0.1)
        await missed(cache, principal.credential)


class TestMemoryLatestCache(LatestCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryLatestCache:
        return MemoryLatestCache(clock)

    @pytest.mark.parametrize(("names", "text"), [(1, 5), (5, 100), (200, 4_000), (800, 0)])
    async def test_it_holds_a_bounded_number_of_bytes_those_read_last(
        self, cache: MemoryLatestCache, names: int, text: int
    ) -> None:
        """What is counted is no less than what Python has allotted."""
        devices = 3 * latest_cache.LIMIT_BYTES // (1_000 + names * (text + 300))

        def values(device_id: int) -> LatestValues:
            received = [device_id * 1_000 + number for number in range(names)]
            return {f"{n} of {device_id}": value(f"{n:0{text}}" if text else n / 7, T + n, n) for n in received}

        tracemalloc.start()
        for device_id in range(devices):
            await fill_latest(cache, device_id, values(device_id))
            await cache.get(0)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert latest_cache.LIMIT_BYTES / 3 <= taken <= latest_cache.LIMIT_BYTES
        await missed_latest(cache, 1)
        for kept in (0, devices - 2, devices - 1):
            assert await cache.get(kept) == values(kept)

    async def test_a_device_that_would_take_a_large_share_is_not_held(
        self, cache: MemoryLatestCache, clock: FakeClock
    ) -> None:
        large = {f"name {number}": value("x" * 4_000, T, clock.receipt()) for number in range(300)}
        await fill_latest(cache, 1, large)
        await missed_latest(cache, 1)
        await fill_latest(cache, 2, {"x": value(1)})
        await cache.advance(2, large)
        await missed_latest(cache, 2)

    async def test_what_nobody_reads_leaves(self, cache: MemoryLatestCache, clock: FakeClock) -> None:
        await fill_latest(cache, 1, {"x": value(1)})
        clock.advance(latest_cache.LIFETIME_MS / 1_000)
        await missed_latest(cache, 1)

    async def test_so_many_changes_that_versions_are_dropped_let_no_early_read_fill(
        self, cache: MemoryLatestCache
    ) -> None:
        early = await missed_latest(cache, 0)
        for device_id in range(latest_cache.VERSIONS + 1):
            await cache.invalidate(device_id)
        await cache.fill(0, {"x": value("deleted")}, early)
        await missed_latest(cache, 0)


class TestMemoryPresence(PresenceContract):
    @pytest.fixture
    def presence(self) -> MemoryPresence:
        return MemoryPresence()


class TestMemoryRateLimiter(RateLimiterContract):
    @pytest.fixture
    def limiter(self, clock: Clock) -> MemoryRateLimiter:
        return MemoryRateLimiter(clock)

    async def test_no_number_of_other_subjects_makes_it_forget_one(self, limiter: MemoryRateLimiter) -> None:
        tracemalloc.start()
        assert await admitted(limiter, "victim", 3, 60, 4) == 3
        for number in range(rate_limits.SUBJECTS + rate_limits.SHARED + 50_000):
            await limiter.take(f"subject {number}", RateLimit("tries", 3, 60))
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken <= 32 * 2**20
        assert await admitted(limiter, "victim", 3, 60, 1) == 0
        late = [await admitted(limiter, f"late {number}", 3, 60, 4) for number in range(100)]
        assert max(late) <= 3

    async def test_subjects_that_have_all_their_units_again_make_room(
        self, limiter: MemoryRateLimiter, clock: FakeClock
    ) -> None:
        for number in range(rate_limits.SUBJECTS + 1_000):
            await limiter.take(f"subject {number}", RateLimit("tries", 1, 60))
        clock.advance(60)
        for number in range(10_000):
            assert await admitted(limiter, f"other {number}", 1, 60, 2) == 1

    async def test_a_clock_that_is_set_changes_nothing(self, limiter: MemoryRateLimiter, clock: FakeClock) -> None:
        assert await admitted(limiter, "ada", 2, 60, 3) == 2
        clock.set(Millis(clock.now() - 6 * 3_600_000))
        assert await admitted(limiter, "ada", 2, 60, 1) == 0
        clock.advance(60)
        assert await admitted(limiter, "ada", 2, 60, 3) == 2


class TestMemoryCounters(CountersContract):
    @pytest.fixture
    def counters(self) -> MemoryCounters:
        return MemoryCounters()
