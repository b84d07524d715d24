"""Group commit: small writes share flushes, and each submitter receives the outcome of its item."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from iotflow.concurrency.group_commit import GroupCommit
from iotflow.domain.errors import StoreUnavailable

DEADLINE_S = 5.0


class Store:
    """Stores groups while it is open, and records them."""

    def __init__(self) -> None:
        self.groups: list[list[object]] = []
        self.begun = 0
        self.at_once = 0
        self.most_at_once = 0
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.error_of: Callable[[Sequence[object]], Exception | None] = lambda _items: None

    @property
    def stored(self) -> list[object]:
        return [item for group in self.groups for item in group]

    async def flush(self, items: Sequence[Any]) -> None:  # Any: items of any type
        self.begun += 1
        self.entered.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.open.wait()
            await asyncio.sleep(0)
            if error := self.error_of(items):
                raise error
            self.groups.append(list(items))
        finally:
            self.at_once -= 1


@pytest.fixture
async def store() -> Store:
    return Store()


def commit_to(store: Store, **bounds: float) -> GroupCommit[Any]:  # Any: items of any type
    usual = {"group_weight": 1_000, "max_waiting_weight": 10_000, "deadline_s": DEADLINE_S}
    return GroupCommit(store.flush, store="telemetry", **{**usual, **bounds})  # type: ignore[arg-type]  # ints where due


async def submit_all(commit: GroupCommit[Any], *items: object, weight: int = 1) -> list[asyncio.Task[None]]:
    """Return tasks that have submitted these items and wait for their flush."""
    tasks = [asyncio.create_task(commit.submit(item, weight)) for item in items]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def hold_flush(store: Store, commit: GroupCommit[Any], item: object = "first") -> asyncio.Task[None]:
    """Return a task whose item is in a flush that lasts until the store opens."""
    store.open.clear()
    (task,) = await submit_all(commit, item)
    async with asyncio.timeout(DEADLINE_S):
        await store.entered.wait()
    return task


async def outcomes(tasks: Sequence[asyncio.Task[None]]) -> list[BaseException | None]:
    async with asyncio.timeout(DEADLINE_S):
        return await asyncio.gather(*tasks, return_exceptions=True)


class TestGrouping:
    async def test_an_idle_store_flushes_an_item_at_once_and_alone(self, store: Store) -> None:
        commit = commit_to(store)
        for item in ("a", "b"):
            await commit.submit(item)
        assert store.groups == [["a"], ["b"]]

    async def test_items_submitted_during_a_flush_are_flushed_together_in_order(self, store: Store) -> None:
        commit = commit_to(store)
        first = await hold_flush(store, commit)
        others = await submit_all(commit, *range(50))
        assert store.begun == 1
        store.open.set()
        await outcomes([first, *others])
        assert store.groups == [["first"], list(range(50))]

    async def test_a_submitter_returns_only_when_its_item_is_flushed(self, store: Store) -> None:
        commit = commit_to(store)
        first = await hold_flush(store, commit)
        (second,) = await submit_all(commit, "second")
        assert not first.done()
        store.open.set()
        await first
        assert not second.done()
        await second

    async def test_one_flush_runs_at_a_time_by_default(self, store: Store) -> None:
        commit = commit_to(store, group_weight=3)

        async def submit(item: int) -> None:
            for _ in range(5):
                await commit.submit(item)

        async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as submitters:
            for item in range(20):
                submitters.create_task(submit(item))
        assert store.most_at_once == 1
        assert sorted(store.stored, key=repr) == sorted(list(range(20)) * 5, key=repr)


class TestBounds:
    async def test_a_group_has_at_most_its_weight(self, store: Store) -> None:
        commit = commit_to(store, group_weight=5)
        first = await hold_flush(store, commit)
        others = [*await submit_all(commit, "a", "b", weight=2), *await submit_all(commit, "c", "d", weight=3)]
        store.open.set()
        await outcomes([first, *others])
        assert store.groups == [["first"], ["a", "b"], ["c"], ["d"]]

    async def test_an_item_heavier_than_a_group_goes_alone(self, store: Store) -> None:
        commit = commit_to(store, group_weight=5)
        first = await hold_flush(store, commit)
        others = [
            *await submit_all(commit, "a"),
            *await submit_all(commit, "heavy", weight=9),
            *await submit_all(commit, "b"),
        ]
        store.open.set()
        await outcomes([first, *others])
        assert store.groups == [["first"], ["a"], ["heavy"], ["b"]]

    async def test_waiting_items_are_bounded_and_further_ones_are_refused(self, store: Store) -> None:
        commit = commit_to(store, max_waiting_weight=10)
        first = await hold_flush(store, commit)
        waiting = await submit_all(commit, "a", "b", weight=5)
        with pytest.raises(StoreUnavailable) as refusal:
            await commit.submit("too much")
        assert refusal.value.store == "telemetry"
        store.open.set()
        assert await outcomes([first, *waiting]) == [None] * 3
        await commit.submit("c", weight=10)
        assert store.stored == ["first", "a", "b", "c"]

    async def test_an_item_heavier_than_the_bound_is_accepted_if_nothing_waits(self, store: Store) -> None:
        commit = commit_to(store, max_waiting_weight=10)
        first = await hold_flush(store, commit)
        (heavy,) = await submit_all(commit, "heavy", weight=100)
        store.open.set()
        assert await outcomes([first, heavy]) == [None, None]

    async def test_an_item_not_flushed_within_the_deadline_fails_and_is_never_stored(self, store: Store) -> None:
        commit = commit_to(store, deadline_s=0.05, max_waiting_weight=10)
        first = await hold_flush(store, commit)
        late = await submit_all(commit, "late", "late too", weight=5)
        assert [type(outcome) for outcome in await outcomes(late)] == [StoreUnavailable] * 2
        # The expired items no longer count as waiting.
        others = await submit_all(commit, "other", weight=10)
        store.open.set()
        assert await outcomes([first, *others]) == [None, None]
        assert store.stored == ["first", "other"]

    async def test_a_flush_past_the_deadline_is_awaited(self, store: Store) -> None:
        commit = commit_to(store, deadline_s=0.05)
        first = await hold_flush(store, commit)
        done, _ = await asyncio.wait([first], timeout=0.15)
        assert not done
        store.open.set()
        assert await outcomes([first]) == [None]


class TestFailures:
    async def test_a_bad_item_fails_alone(self, store: Store) -> None:
        commit = commit_to(store)
        store.error_of = lambda items: ValueError("bad") if "bad" in items else None
        first = await hold_flush(store, commit)
        others = await submit_all(commit, "a", "bad", "b", "bad", "c")
        store.open.set()
        found = await outcomes([first, *others])
        assert [type(outcome) for outcome in found] == [type(None)] * 2 + [
            ValueError, type(None), ValueError, type(None)
        ]  # fmt: skip
        assert store.stored == ["first", "a", "b", "c"]

    async def test_an_unavailable_store_fails_the_whole_group_at_once(self, store: Store) -> None:
        commit = commit_to(store)
        first = await hold_flush(store, commit)
        others = await submit_all(commit, *range(5))
        store.error_of = lambda _items: StoreUnavailable("telemetry", "down")
        store.open.set()
        assert [type(outcome) for outcome in await outcomes([first, *others])] == [StoreUnavailable] * 6
        assert store.begun == 2

    async def test_a_failure_does_not_stop_later_items(self, store: Store) -> None:
        commit = commit_to(store)
        store.error_of = lambda _items: StoreUnavailable("telemetry", "down")
        with pytest.raises(StoreUnavailable):
            await commit.submit("lost")
        store.error_of = lambda _items: None
        await commit.submit("kept")
        assert store.stored == ["kept"]


class TestCancellation:
    async def test_a_cancelled_submitter_leaves_its_flush_running(self, store: Store) -> None:
        commit = commit_to(store)
        first = await hold_flush(store, commit)
        first.cancel()
        (second,) = await submit_all(commit, "second")
        store.open.set()
        found = await outcomes([first, second])
        assert isinstance(found[0], asyncio.CancelledError)
        assert found[1] is None
        assert store.stored == ["first", "second"]

    async def test_a_submitter_cancelled_before_its_flush_leaves_the_group_whole(self, store: Store) -> None:
        commit = commit_to(store)
        first = await hold_flush(store, commit)
        others = await submit_all(commit, "a", "b", "c")
        others[1].cancel()
        store.open.set()
        found = await outcomes([first, *others])
        assert [type(outcome) for outcome in found] == [type(None), type(None), asyncio.CancelledError, type(None)]
        assert store.stored[0] == "first"
        assert {"a", "c"} <= set(store.stored)

    async def test_a_cancelled_submitter_of_a_bad_item_does_not_affect_others(self, store: Store) -> None:
        commit = commit_to(store)
        store.error_of = lambda items: ValueError("bad") if "bad" in items else None
        first = await hold_flush(store, commit)
        others = await submit_all(commit, "a", "bad")
        others[1].cancel()
        store.open.set()
        assert (await outcomes([first, *others]))[:2] == [None, None]
        await commit.close()
        assert store.stored == ["first", "a"]


class TestClosing:
    async def test_closing_waits_for_the_submitted_items(self, store: Store) -> None:
        commit = commit_to(store, group_weight=1)
        first = await hold_flush(store, commit)
        others = await submit_all(commit, "a", "b")
        closing = asyncio.create_task(commit.close())
        done, _ = await asyncio.wait([closing], timeout=0.05)
        assert not done
        store.open.set()
        async with asyncio.timeout(DEADLINE_S):
            await closing
        assert store.stored == ["first", "a", "b"]
        assert await outcomes([first, *others]) == [None] * 3

    async def test_closing_waits_no_longer_than_the_deadline(self, store: Store) -> None:
        commit = commit_to(store, deadline_s=0.05)
        first = await hold_flush(store, commit)
        async with asyncio.timeout(DEADLINE_S):
            await commit.close()
        assert not first.done()
        store.open.set()
        await first

    async def test_closing_an_unused_group_commit_is_no_error(self, store: Store) -> None:
        await commit_to(store).close()
