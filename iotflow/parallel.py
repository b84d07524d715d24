"""Several calls at once, a bounded number of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 8
"""Of one caller: a large request leaves room for others."""


async def in_parallel(calls: Iterable[Callable[[], Awaitable[T]]], at_once: int = AT_ONCE) -> list[T]:
    """Await all calls, so many at a time; their results in order. The first error stops the rest and is raised.

    The calls are taken one by one, as they are begun: what makes them may look at what those before have found.
    """
    results: dict[int, T] = {}
    remaining = iter(enumerate(calls))

    async def work() -> None:
        for index, call in remaining:
            results[index] = await call()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [results[index] for index in sorted(results)]
