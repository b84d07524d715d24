"""The time of day, injected so that tests own it."""

import time
from typing import Protocol

from iotflow.domain.times import Micros, Millis


class Clock(Protocol):
    """What time it is, UTC."""

    def now(self) -> Millis:
        """Milliseconds since the epoch."""
        ...

    def receipt(self) -> Micros:
        """A time of receipt: microseconds since the epoch, strictly greater than every one given before."""
        ...


class SystemClock:
    """The machine's clock. Times of receipt increase even when it stands still or is set back."""

    def __init__(self) -> None:
        self._last_receipt = 0

    def now(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000)

    def receipt(self) -> Micros:
        self._last_receipt = max(self._last_receipt + 1, time.time_ns() // 1_000)
        return Micros(self._last_receipt)
