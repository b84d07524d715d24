"""What the counters promise."""

import asyncio

import pytest

from iotflow.repositories.counters import Counter, Counters

DEADLINE_S = 5.0


class CountersContract:
    """The player under test, over an empty store, and the same store as another process sees it."""

    @pytest.fixture
    def counters(self) -> Counters:
        raise NotImplementedError

    @pytest.fixture
    def other(self, counters: Counters) -> Counters:
        return counters

    async def test_what_was_never_counted_is_zero(self, counters: Counters) -> None:
        assert await counters.totals() == dict.fromkeys(Counter, 0)

    async def test_totals_soon_add_up_over_all_processes(self, counters: Counters, other: Counters) -> None:
        for by in (counters, other):
            await by.add(Counter.CACHE_HITS, 2)
        await counters.add(Counter.CACHE_MISSES, 10**12)
        expected = {Counter.CACHE_HITS: 4, Counter.CACHE_MISSES: 10**12}
        for reader in (counters, other):
            async with asyncio.timeout(DEADLINE_S):
                while await reader.totals() != expected:  # noqa: ASYNC110  # the store tells nobody that it has changed
                    await asyncio.sleep(0.02)

    async def test_concurrent_counts_add_up(self, counters: Counters) -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(50):
                workers.create_task(counters.add(Counter.CACHE_HITS, 1))
        assert (await counters.totals())[Counter.CACHE_HITS] == 50

    async def test_totals_that_were_read_stay_as_they_were(self, counters: Counters) -> None:
        before = await counters.totals()
        await counters.add(Counter.CACHE_HITS, 1)
        assert before[Counter.CACHE_HITS] == 0
