"""The time of day and the time that passes, injected so that tests own them."""

import time
from typing import Protocol

from iotflow.domain.times import Micros, Millis


class Clock(Protocol):
    """What time it is, and how much of it passes."""

    def now(self) -> Millis:
        """Return the time of day: UTC, milliseconds since the epoch. It jumps when the host's clock is set."""
        ...

    def elapsed(self) -> Millis:
        """Return milliseconds since some moment of this process. They never go back: use them for durations."""
        ...

    def receipt(self) -> Micros:
        """Return a time of receipt: microseconds since the epoch, strictly greater than every one given before.

        It orders writes and is no time of day: after the host's clock was set back it stays ahead of it.
        """
        ...


class SystemClock:
    """The machine's clock. Times of receipt increase even when it stands still or is set back."""

    def __init__(self) -> None:
        self._last_receipt = 0

    def now(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000)

    def elapsed(self) -> Millis:
        return Millis(time.monotonic_ns() // 1_000_000)

    def receipt(self) -> Micros:
        self._last_receipt = max(self._last_receipt + 1, time.time_ns() // 1_000)
        return Micros(self._last_receipt)
