"""Task cancellation and bounded concurrency."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

CANCEL_AGAIN_AFTER_S = 1.0
"""Time in seconds after which a task that is still running is cancelled again."""


async def run_to_completion(work: Coroutine[object, None, T]) -> T:
    """Return the result of `work`, which runs to its end even if the caller is cancelled.

    Raises what `work` raises; after a cancellation of the caller, CancelledError once the work has ended.
    """
    task = asyncio.create_task(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        raise cancellation from task.exception()
    return task.result()


async def run_within(timeout_s: float, work: Coroutine[object, None, T]) -> T:
    """Return the result of `work`. Cancels it and raises TimeoutError after the timeout.

    The timer starts when the work first waits: most ends before, and a timer would cost more than the work.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    async with asyncio.timeout(timeout_s):
        return await _StartedWork(work, waits_for)


class _StartedWork(Generic[T]):
    """The rest of a coroutine that waits for `waits_for`, which it has not yet passed to the event loop."""

    def __init__(self, work: Coroutine[object, None, T], waits_for: object) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[object, None, T]:
        try:
            while True:
                try:
                    yield self._waits_for
                except GeneratorExit:
                    self._work.close()
                    raise
                except BaseException as error:  # noqa: BLE001  # the work handles it, or raises it again
                    self._waits_for = self._work.throw(error)
                else:
                    self._waits_for = self._work.send(None)
        except StopIteration as end:
            result: T = end.value
            return result


async def cancel_and_wait(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended.

    The cancellation is repeated every `CANCEL_AGAIN_AFTER_S` seconds: code in the task may swallow one.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_AFTER_S)


MAX_CONCURRENT_CALLS = 8
"""Concurrent calls of one caller: a large request must leave capacity for others."""


async def gather_bounded(
    calls: Iterable[Callable[[], Awaitable[T]]], max_concurrent: int = MAX_CONCURRENT_CALLS
) -> list[T]:
    """Await all calls, at most `max_concurrent` at a time, and return their results in order.

    Raises the first error, and cancels the other calls. `calls` is consumed one by one as calls begin, so a generator
    may use the results of earlier calls.
    """
    results: dict[int, T] = {}
    remaining = iter(enumerate(calls))

    async def work() -> None:
        for index, call in remaining:
            results[index] = await call()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(max_concurrent):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [results[index] for index in sorted(results)]
