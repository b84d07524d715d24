"""The players in the memory of one process, around which there is nothing to look at."""

import pytest

from iotflow.clock import Clock
from iotflow.domain.times import Millis
from iotflow.stores.memory import latest_cache, principal_cache, rate_limits
from iotflow.stores.memory.counters import MemoryCounters
from iotflow.stores.memory.latest_cache import MemoryLatestCache
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.memory.principal_cache import MemoryPrincipalCache
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from tests.clock import FakeClock
from tests.contracts.counters import CountersContract
from tests.contracts.latest_cache import LatestCacheContract, value
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import missed as missed_latest
from tests.contracts.presence import PresenceContract
from tests.contracts.principal_cache import LIFETIME_S, PrincipalCacheContract, device, fill, missed
from tests.contracts.rate_limits import RateLimiterContract, admitted


class TestMemoryPrincipalCache(PrincipalCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryPrincipalCache:
        return MemoryPrincipalCache(clock, LIFETIME_S)

    async def test_it_holds_a_bounded_number_those_used_last(self, cache: MemoryPrincipalCache) -> None:
        principals = [device() for _ in range(principal_cache.SIZE + 1)]
        for principal in principals[:-1]:
            await fill(cache, principal)
        await cache.get(principals[0].credential)
        await fill(cache, principals[-1])
        await missed(cache, principals[1].credential)
        for kept in (0, 2, -1):
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
        cache.keep(principal.credential, principal, miss, Millis(clock.now() + 1_000))
        clock.advance(0.9)
        assert await cache.get(principal.credential) == principal
        clock.advance(0.1)
        await missed(cache, principal.credential)


class TestMemoryLatestCache(LatestCacheContract):
    @pytest.fixture
    def cache(self, clock: Clock) -> MemoryLatestCache:
        return MemoryLatestCache(clock)

    async def test_it_holds_a_bounded_number_those_read_last(self, cache: MemoryLatestCache) -> None:
        for device_id in range(latest_cache.SIZE):
            await fill_latest(cache, device_id, {"x": value(device_id)})
        await cache.get(0)
        await fill_latest(cache, latest_cache.SIZE, {"x": value(latest_cache.SIZE)})
        await missed_latest(cache, 1)
        for kept in (0, 2, latest_cache.SIZE):
            assert await cache.get(kept) == {"x": value(kept)}

    async def test_so_many_changes_that_versions_are_dropped_let_no_early_read_fill(
        self, cache: MemoryLatestCache
    ) -> None:
        early = await missed_latest(cache, 0)
        for device_id in range(latest_cache.SIZE + 1):
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

    async def test_it_remembers_a_bounded_number_those_that_tried_last(self, limiter: MemoryRateLimiter) -> None:
        for subject in range(rate_limits.SIZE + 1):
            await limiter.take(f"subject {subject}", 1, 60)
        assert await admitted(limiter, "subject 1", 1, 60, 1) == 0
        assert await admitted(limiter, "subject 0", 1, 60, 1) == 1


class TestMemoryCounters(CountersContract):
    @pytest.fixture
    def counters(self) -> MemoryCounters:
        return MemoryCounters()
