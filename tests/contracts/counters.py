"""Contract of the cache counters."""

import asyncio

import pytest

from iotflow.repositories.cache import CacheCounter, CacheCounters

DEADLINE_S = 5.0


class CountersContract:
    """The implementation under test on an empty store, and that of another process on the same store."""

    @pytest.fixture
    def counters(self) -> CacheCounters:
        raise NotImplementedError

    @pytest.fixture
    def other(self, counters: CacheCounters) -> CacheCounters:
        return counters

    async def test_a_new_counter_is_zero(self, counters: CacheCounters) -> None:
        assert await counters.totals() == dict.fromkeys(CacheCounter, 0)

    async def test_totals_are_summed_over_all_processes_within_seconds(
        self, counters: CacheCounters, other: CacheCounters
    ) -> None:
        for by in (counters, other):
            await by.add(CacheCounter.CACHE_HITS, 2)
        await counters.add(CacheCounter.CACHE_MISSES, 10**12)
        expected = {CacheCounter.CACHE_HITS: 4, CacheCounter.CACHE_MISSES: 10**12}
        for reader in (counters, other):
            async with asyncio.timeout(DEADLINE_S):
                while await reader.totals() != expected:  # noqa: ASYNC110  # the store does not signal changes
                    await asyncio.sleep(0.02)

    async def test_concurrent_counts_add_up(self, counters: CacheCounters) -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(50):
                workers.create_task(counters.add(CacheCounter.CACHE_HITS, 1))
        assert (await counters.totals())[CacheCounter.CACHE_HITS] == 50

    async def test_returned_totals_do_not_change(self, counters: CacheCounters) -> None:
        before = await counters.totals()
        await counters.add(CacheCounter.CACHE_HITS, 1)
        assert before[CacheCounter.CACHE_HITS] == 0
