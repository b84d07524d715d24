"""How much telemetry came, counted here and stored in bulk."""

from iotflow.clock import Clock
from iotflow.domain.times import Millis
from iotflow.limit_log import LimitLog
from iotflow.repositories.activity import Activity, ActivityRepository, DeviceHour

HOUR_MS = 3_600_000
DEVICE_HOURS_PER_FLUSH = 1_000
MAX_DEVICE_HOURS = 100_000
"""Some 30 MiB, held while the documents are away: counts are estimates."""


class ActivityCounter:
    """Counts submissions per device and hour of receipt. A process that is killed loses what it has not flushed."""

    def __init__(self, repository: ActivityRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._counts: dict[DeviceHour, Activity] = {}
        self._limit = LimitLog(f"{MAX_DEVICE_HOURS:,} counts of activity that wait for the documents")

    def count(self, device_id: int, points: int) -> None:
        """Count one submission of so many values."""
        now = self._clock.now()
        at = DeviceHour(device_id, Millis(now - now % HOUR_MS))
        held = self._counts.get(at)
        if held is None:
            if len(self._counts) >= MAX_DEVICE_HOURS:
                self._limit.met(f"device {device_id}")
                return
            held = Activity(0, 0)
        self._counts[at] = Activity(held.messages + 1, held.points + points)

    async def flush(self) -> None:
        """Store what was counted, in chunks. Raises StoreUnavailable, and then keeps the rest for the next flush."""
        waiting = list(self._counts)
        for start in range(0, len(waiting), DEVICE_HOURS_PER_FLUSH):
            chunk = waiting[start : start + DEVICE_HOURS_PER_FLUSH]
            counts = {at: self._counts.pop(at) for at in chunk if at in self._counts}
            try:
                await self._repository.add(counts)
            except BaseException:
                for at, lost in counts.items():
                    held = self._counts.get(at, Activity(0, 0))
                    self._counts[at] = Activity(held.messages + lost.messages, held.points + lost.points)
                raise

    async def points_within(self, hours: int) -> int:
        """About how many values came within the last so many hours: of the hour cut in two, its share."""
        now = self._clock.now()
        since = now - hours * HOUR_MS
        first = Millis(since - since % HOUR_MS)
        by_hour = await self._repository.points_by_hour(first)
        for at, count in self._counts.items():
            by_hour[at.hour] = by_hour.get(at.hour, 0) + count.points
        share = 1 - (since - first) / HOUR_MS
        return round(sum(points * (share if hour == first else 1) for hour, points in by_hour.items() if hour >= first))
