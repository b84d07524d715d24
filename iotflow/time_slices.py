"""Cooperative multitasking: work whose length clients choose holds the event loop a few milliseconds at a time."""

import asyncio
import time
from weakref import WeakKeyDictionary

SLICE_S = 0.005
"""How long one piece of work runs before others do."""
ITERATIONS_BETWEEN = 3
"""Iterations of the event loop from one slice to the next: a short request is answered within as many."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def turn() -> None:
    """Let everything that is ready run, then wait for a turn among the long pieces of work.

    One of them at a time goes on, first come first served, and not in each iteration of the event loop: a short request
    waits for one slice, however many large bodies and answers are being processed.
    """
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        for _ in range(ITERATIONS_BETWEEN):
            await asyncio.sleep(0)


class TimeSlice:
    """The slice that a piece of work is in. The first one begins with the object."""

    def __init__(self) -> None:
        self._ends_s = time.monotonic() + SLICE_S

    async def pause(self) -> None:
        """Return at once within the slice; after its end wait for the next one."""
        if time.monotonic() >= self._ends_s:
            await turn()
            self._ends_s = time.monotonic() + SLICE_S
