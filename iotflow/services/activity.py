"""How much telemetry came, counted here and stored in bulk."""

from iotflow.clock import Clock
from iotflow.domain.times import Millis
from iotflow.repositories.activity import Activity, ActivityRepository, DeviceHour

HOUR_MS = 3_600_000


class ActivityCounter:
    """Counts submissions per device and hour of receipt. A process that is killed loses what it has not flushed."""

    def __init__(self, repository: ActivityRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._counts: dict[DeviceHour, Activity] = {}

    def count(self, device_id: int, points: int, *, messages: int = 1) -> None:
        """Count values of a submission; `messages` is 0 for all but the first of its chunks."""
        now = self._clock.now()
        at = DeviceHour(device_id, Millis(now - now % HOUR_MS))
        held = self._counts.get(at, Activity(0, 0))
        self._counts[at] = Activity(held.messages + messages, held.points + points)

    async def flush(self) -> None:
        """Store what was counted. Raises StoreUnavailable, and then keeps the counts for the next flush."""
        counts, self._counts = self._counts, {}
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
