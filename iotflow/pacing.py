"""Long computations that let the event loop go on meanwhile."""

import asyncio
import time

STEP_S = 0.005
"""How long a computation holds up the event loop: less than what a request takes."""


class Pacer:
    """Yields to the event loop by time: await `pause` between the steps of a computation."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + STEP_S

    async def pause(self) -> None:
        """Let others run once `STEP_S` are over."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + STEP_S
