"""A clock that tests control."""

from datetime import UTC, datetime

from iotflow.domain.times import Micros, Millis

START = Millis(int(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()) * 1_000)


class FakeClock:
    """Implementation of `iotflow.clock.Clock` that only `advance` moves; unique times increase nevertheless."""

    def __init__(self, now: Millis = START) -> None:
        self._now = now
        self._elapsed = 0.0
        self._last_unique = 0

    def now(self) -> Millis:
        return self._now

    def elapsed(self) -> Millis:
        return Millis(round(self._elapsed))

    def unique_now(self) -> Micros:
        self._last_unique = max(self._last_unique + 1, self._now * 1_000)
        return Micros(self._last_unique)

    def set(self, now: Millis) -> None:
        """Set the time of day, which may go back; the monotonic time does not change."""
        self._now = now

    def advance(self, seconds: float) -> None:
        """Advance the clock by `seconds`."""
        self._now = Millis(self._now + round(seconds * 1_000))
        self._elapsed += seconds * 1_000
