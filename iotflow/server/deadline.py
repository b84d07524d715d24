"""A deadline that each request moves, at the cost of an assignment."""

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """A deadline that calls `check` when it is reached, or earlier: an early timer is cheaper than one per request."""

    def __init__(self, loop: asyncio.AbstractEventLoop, check: Callable[[], None]) -> None:
        self._loop = loop
        self._check = check
        self._at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self._loop.time() >= self._at

    def set(self, seconds: float) -> None:
        """Set the deadline to `seconds` from now; infinity is never."""
        self._at = self._loop.time() + seconds
        if self._at < self._timer_at:
            self.cancel()
            self._arm()

    def cancel(self) -> None:
        """Cancel the timer."""
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
