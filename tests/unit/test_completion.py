"""Work that a cancellation does not interrupt."""

import asyncio

import pytest

from iotflow.concurrency import tasks
from iotflow.concurrency.tasks import cancel_and_wait, run_to_completion, run_within

DEADLINE_S = 5.0


class Failed(Exception):
    """The error that the work raises."""


async def test_the_result_or_error_is_that_of_the_work() -> None:
    async def work() -> str:
        return "done"

    async def fail() -> None:
        raise Failed

    assert await run_to_completion(work()) == "done"
    with pytest.raises(Failed):
        await run_to_completion(fail())


@pytest.mark.parametrize("cancellations", [1, 3])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancellation_is_raised_when_the_work_has_ended(cancellations: int, fails: bool) -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        ended.set()
        if fails:
            raise Failed

    task = asyncio.create_task(run_to_completion(work()))
    await begun.wait()
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await task
    assert ended.is_set()
    assert isinstance(cancelled.value.__cause__, Failed) == fails


@pytest.mark.parametrize("waits", [False, True])
async def test_work_within_its_time_returns_its_result_or_raises_its_error(waits: bool) -> None:
    async def work(*, fails: bool) -> str:
        if waits:
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
        if fails:
            raise Failed
        return "done"

    assert await run_within(DEADLINE_S, work(fails=False)) == "done"
    with pytest.raises(Failed):
        await run_within(DEADLINE_S, work(fails=True))


async def test_work_past_its_time_is_cancelled_and_may_clean_up() -> None:
    cleaned_up = False

    async def work() -> None:
        nonlocal cleaned_up
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned_up = True

    with pytest.raises(TimeoutError):
        await run_within(0.01, work())
    assert cleaned_up


async def test_a_cancellation_reaches_work_within_its_time() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    task = asyncio.create_task(run_within(DEADLINE_S, work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled.is_set()


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_AFTER_S", 0.01)
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
        await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await cancel_and_wait(task)
    assert task.cancelled()
