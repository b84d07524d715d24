"""Cooperative multitasking: long work blocks the event loop for a few milliseconds at a time."""

import asyncio
import time
from weakref import WeakKeyDictionary

SLICE_S = 0.005
"""Time in seconds that work runs before it yields."""
ITERATIONS_BETWEEN_SLICES = 3
"""Iterations of the event loop between two slices: enough to answer a short request."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def wait_for_turn() -> None:
    """Yield to all ready tasks, then wait for this work's turn among the long work of the event loop.

    Turns are FIFO, one at a time, and `ITERATIONS_BETWEEN_SLICES` apart: a short request waits for one slice, whatever
    the number of large bodies and responses in progress.
    """
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        for _ in range(ITERATIONS_BETWEEN_SLICES):
            await asyncio.sleep(0)


class TimeSlice:
    """The time slice of long work. The first one begins when the object is created."""

    def __init__(self) -> None:
        self._ends_s = time.monotonic() + SLICE_S

    @property
    def is_over(self) -> bool:
        """Whether `pause` would wait. A loop over many small items spares the calls of `pause` by this."""
        return time.monotonic() >= self._ends_s

    async def pause(self) -> None:
        """Return at once within the slice; after its end, wait for the next one."""
        if time.monotonic() >= self._ends_s:
            await wait_for_turn()
            self._ends_s = time.monotonic() + SLICE_S
