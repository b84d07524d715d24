"""Single flight: concurrent reads with the same key share one call, against a thundering herd."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """A group of reads in which concurrent calls with the same key share one result.

    Put the version of a cache miss in the key: else a caller would join a read that began before a change which its
    own miss has seen.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    async def run(self, key: Hashable, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """Return the result of `work`, or of a running call with the same key. Raises what `work` raises.

        `work` runs in a task: cancelling a caller leaves it running for the others.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(work())
            self._flights[key] = flight
            flight.add_done_callback(partial(self._remove, key))
        return await asyncio.shield(flight)

    def _remove(self, key: Hashable, flight: "asyncio.Task[T]") -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # retrieved: without waiting callers asyncio would log it
