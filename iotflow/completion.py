"""Work that must not stop half way because whoever waits for it is cancelled, and work that must stop."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")

CANCEL_AGAIN_AFTER_S = 1.0


async def to_completion(work: Coroutine[object, None, T]) -> T:
    """Await `work` in a task of its own; a cancellation of the caller is raised once the work has ended."""
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


async def stopped(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; again and again, should something in it swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_AFTER_S)
