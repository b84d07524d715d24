"""Reads that many want at the same time, done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Those who ask for the same thing while it is being read share the answer.

    What is the same is the caller's to say: a key that holds the version of a cache's miss is shared only by those who
    know of the same changes.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    async def read(self, key: Hashable, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """What `work` gives or raises. A caller who is cancelled leaves it to the others."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(work())
            self._flights[key] = flight
            flight.add_done_callback(partial(self._landed, key))
        return await asyncio.shield(flight)

    def _landed(self, key: Hashable, flight: "asyncio.Task[T]") -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # nobody may be left to hear of it
