"""Group commit with several concurrent flushes."""

import asyncio

from iotflow.domain.errors import StoreUnavailable
from tests.unit.test_group_commit import DEADLINE_S, Store, commit_to, hold_flush, outcomes, store, submit_all

__all__ = ["store"]


async def test_a_further_flush_begins_only_when_a_full_group_waits(store: Store) -> None:
    commit = commit_to(store, group_weight=5, concurrency=2)
    first = await hold_flush(store, commit)
    others = await submit_all(commit, *range(4))
    assert store.begun == 1
    others += await submit_all(commit, 4)
    assert store.begun == 2
    store.open.set()
    await outcomes([first, *others])
    assert sorted(store.groups, key=len) == [["first"], [0, 1, 2, 3, 4]]


async def test_at_most_the_given_number_of_flushes_run_at_a_time(store: Store) -> None:
    commit = commit_to(store, group_weight=2, concurrency=3)
    first = await hold_flush(store, commit)
    others = await submit_all(commit, *range(20))
    assert store.at_once == 3
    store.open.set()
    assert await outcomes([first, *others]) == [None] * 21
    assert store.most_at_once == 3
    assert sorted(store.stored, key=str) == sorted(["first", *range(20)], key=str)


async def test_items_submitted_together_while_idle_fill_groups(store: Store) -> None:
    commit = commit_to(store, group_weight=10, concurrency=4)
    assert await outcomes(await submit_all(commit, *range(12))) == [None] * 12
    assert store.groups == [list(range(10)), [10, 11]]


async def test_every_item_is_flushed_once_whichever_flush_ends_first(store: Store) -> None:
    commit = commit_to(store, group_weight=3, concurrency=4)

    async def submit(item: int) -> None:
        for repetition in range(5):
            await commit.submit((item, repetition))

    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as submitters:
        for item in range(20):
            submitters.create_task(submit(item))
    assert 1 < store.most_at_once <= 4
    assert sorted(store.stored, key=str) == sorted(((i, j) for i in range(20) for j in range(5)), key=str)
    await commit.close()


async def test_an_item_that_expires_leaves_the_other_waiting_items_to_the_next_flush(store: Store) -> None:
    commit = commit_to(store, group_weight=2, concurrency=2, deadline_s=0.1)
    running = [await hold_flush(store, commit), *await submit_all(commit, "a", "b")]
    (late,) = await submit_all(commit, "late")
    assert [type(outcome) for outcome in await outcomes([late])] == [StoreUnavailable]
    (last,) = await submit_all(commit, "last")
    store.open.set()
    assert await outcomes([*running, last]) == [None] * 4
    assert "late" not in store.stored
