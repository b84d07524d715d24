"""Time slices: long work yields to the event loop by time, one piece at a time."""

import asyncio

import pytest

from iotflow.concurrency import time_slices
from iotflow.concurrency.time_slices import TimeSlice, wait_for_turn


async def test_work_within_its_slice_does_not_yield(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_S", 60.0)
    time_slice = TimeSlice()
    others = asyncio.create_task(asyncio.sleep(0))
    for _ in range(1_000):
        await time_slice.pause()
    assert not others.done()
    await others


async def test_work_yields_after_its_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_S", 0.0)
    served = asyncio.Event()
    asyncio.get_running_loop().call_soon(served.set)
    await TimeSlice().pause()
    assert served.is_set()


async def test_pieces_of_work_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_S", 0.0)
    done: list[str] = []

    async def work(name: str) -> None:
        time_slice = TimeSlice()
        for _ in range(3):
            await time_slice.pause()
            done.append(name)

    async def iterations() -> list[int]:
        counts = []
        while len(done) < 9:
            before = len(done)
            await asyncio.sleep(0)
            counts.append(len(done) - before)
        return counts

    _, _, _, counts = await asyncio.gather(work("a"), work("b"), work("c"), iterations())
    assert done == ["a", "b", "c"] * 3
    assert max(counts) == 1


async def test_cancelled_work_leaves_the_turn_to_others() -> None:
    waiting = [asyncio.create_task(wait_for_turn()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting[:2]:
        task.cancel()
    async with asyncio.timeout(5):
        await waiting[2]
