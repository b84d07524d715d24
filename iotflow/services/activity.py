"""Activity: submissions and values, counted in memory and stored in bulk."""

from iotflow.clock import Clock
from iotflow.domain.analytics import HOUR_MS
from iotflow.domain.times import Millis
from iotflow.logs import LimitLog
from iotflow.repositories.activity import Activity, ActivityRepository, DeviceHour

DEVICE_HOURS_PER_FLUSH = 1_000
MAX_DEVICE_HOURS = 100_000
"""Buffered device hours, some 30 MiB. Beyond it submissions are not counted: counts are estimates."""


class ActivityBuffer:
    """A buffer of submissions per device and hour of receipt. A killed process loses the counts not yet flushed."""

    def __init__(self, repository: ActivityRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._counts: dict[DeviceHour, Activity] = {}
        self._dropped = LimitLog(
            "waiting_activity", f"{MAX_DEVICE_HOURS:,} counts of activity that wait for the documents"
        )

    def count(self, device_id: int, points: int, *, submissions: int = 1) -> None:
        """Count the values of a submission. `submissions` is 1 for its first chunk, 0 for the others."""
        now = self._clock.now()
        self._add(DeviceHour(device_id, Millis(now - now % HOUR_MS)), Activity(submissions, points))

    async def flush(self) -> None:
        """Store the counts in chunks. Raises StoreUnavailable; the counts not stored stay for the next flush."""
        waiting = list(self._counts)
        for start in range(0, len(waiting), DEVICE_HOURS_PER_FLUSH):
            chunk = waiting[start : start + DEVICE_HOURS_PER_FLUSH]
            counts = {at: self._counts.pop(at) for at in chunk if at in self._counts}
            try:
                await self._repository.add(counts)
            except BaseException:
                for at, lost in counts.items():
                    self._add(at, lost)
                raise

    def _add(self, at: DeviceHour, more: Activity) -> None:
        held = self._counts.get(at)
        if held is None and len(self._counts) >= MAX_DEVICE_HOURS:
            self._dropped.record(f"device {at.device_id}")
            return
        self._counts[at] = Activity(held.submissions + more.submissions, held.points + more.points) if held else more

    async def points_within(self, hours: int) -> int:
        """Return an estimate of the values received within the last `hours` hours.

        The oldest hour is counted in proportion to its part within that time. Raises StoreUnavailable.
        """
        now = self._clock.now()
        since = now - hours * HOUR_MS
        first = Millis(since - since % HOUR_MS)
        by_hour = await self._repository.points_by_hour(first)
        for at, count in self._counts.items():
            by_hour[at.hour] = by_hour.get(at.hour, 0) + count.points
        share = 1 - (since - first) / HOUR_MS
        return round(sum(points * (share if hour == first else 1) for hour, points in by_hour.items() if hour >= first))
