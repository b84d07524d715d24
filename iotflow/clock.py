"""Clocks: the time of day, elapsed time and unique times. Injected, so that tests control them."""

import time
from typing import Protocol

from iotflow.domain.times import Micros, Millis


class Clock(Protocol):
    """A clock: the time of day, the time elapsed, and unique times."""

    def now(self) -> Millis:
        """Return the time of day: UTC, milliseconds since the epoch. It jumps when the host's clock is set."""
        ...

    def elapsed(self) -> Millis:
        """Return milliseconds since an arbitrary moment of this process. Monotonic: use them for durations."""
        ...

    def unique_now(self) -> Micros:
        """Return the time in microseconds since the epoch, strictly greater than all returned before.

        It orders writes: it is the time of receipt of a record or a deletion. It is no time of day: after the host's
        clock is set back, it stays ahead of that clock.
        """
        ...


class SystemClock:
    """The host's clock. Unique times increase even when that clock stops or is set back."""

    def __init__(self) -> None:
        self._last_unique = 0

    def now(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000)

    def elapsed(self) -> Millis:
        return Millis(time.monotonic_ns() // 1_000_000)

    def unique_now(self) -> Micros:
        self._last_unique = max(self._last_unique + 1, time.time_ns() // 1_000)
        return Micros(self._last_unique)
