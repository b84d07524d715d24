"""A deadline that moves with every request, for the cost of an assignment."""

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """Calls `check` at its time, or earlier. A timer that is early is kept: making one for each request costs more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, check: Callable[[], None]) -> None:
        self._loop = loop
        self._check = check
        self._at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    @property
    def is_over(self) -> bool:
        """Whether the time is reached."""
        return self._loop.time() >= self._at

    def set(self, seconds: float) -> None:
        """Move it to so many seconds from now; infinity is never."""
        self._at = self._loop.time() + seconds
        if self._at < self._timer_at:
            self.cancel()
            self._arm()

    def cancel(self) -> None:
        """Call `check` no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_at = math.inf

    def _arm(self) -> None:
        if self._at < math.inf:
            self._timer = self._loop.call_at(self._at, self._fire)
            self._timer_at = self._at

    def _fire(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        self._check()
        if self._timer is None:
            self._arm()
