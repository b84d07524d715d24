"""Clocks: the time of day, elapsed time and times of receipt. Injected, so that tests control them."""

import time
from typing import Protocol

from iotflow.domain.times import Micros, Millis


class Clock(Protocol):
    """A clock: the time of day, the time elapsed, and times of receipt."""

    def now(self) -> Millis:
        """Return the time of day: UTC, milliseconds since the epoch. It jumps when the host's clock is set."""
        ...

    def elapsed(self) -> Millis:
        """Return milliseconds since an arbitrary moment of this process. Monotonic: use them for durations."""
        ...

    def receipt(self) -> Micros:
        """Return a time of receipt: microseconds since the epoch, strictly greater than all returned before.

        It orders writes. It is no time of day: after the host's clock is set back, it stays ahead of that clock.
        """
        ...


class SystemClock:
    """The host's clock. Times of receipt increase even when that clock stops or is set back."""

    def __init__(self) -> None:
        self._last_receipt = 0

    def now(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000)

    def elapsed(self) -> Millis:
        return Millis(time.monotonic_ns() // 1_000_000)

    def receipt(self) -> Micros:
        self._last_receipt = max(self._last_receipt + 1, time.time_ns() // 1_000)
        return Micros(self._last_receipt)
