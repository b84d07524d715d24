"""Cooperative multitasking: work whose length clients choose holds the event loop a few milliseconds at a time."""

import asyncio
import time

SLICE_S = 0.005
"""How long one piece of work runs before others do."""
ITERATIONS_BETWEEN = 3
"""Iterations of the event loop from one slice to the next: a short request is answered within as many."""


class TimeSlices:
    """Shares the event loop among long pieces of work, and between them and everything else.

    One piece of long work at a time goes on, first come first served, and not in each iteration of the loop: a short
    request waits for one slice, however many large bodies are being processed.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    def begin(self) -> "TimeSlice":
        """Begin a piece of work; its first slice runs from now on."""
        return TimeSlice(self)

    async def turn(self) -> None:
        """Let everything that is ready run, then wait for a turn among the long pieces of work."""
        async with self._turn:
            for _ in range(ITERATIONS_BETWEEN):
                await asyncio.sleep(0)


class TimeSlice:
    """The slice that a piece of work is in."""

    def __init__(self, slices: TimeSlices) -> None:
        self._slices = slices
        self._ends_s = time.monotonic() + SLICE_S

    async def pause(self) -> None:
        """Return at once within the slice; after its end wait for the next one."""
        if time.monotonic() >= self._ends_s:
            await self._slices.turn()
            self._ends_s = time.monotonic() + SLICE_S
