"""What operators see of the whole service."""

from dataclasses import dataclass

from iotflow.clock import Clock
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.times import Millis
from iotflow.repositories.counters import Counter, Counters
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.activity import ActivityCounter
from iotflow.services.upkeep import flush_presence


@dataclass(frozen=True, slots=True)
class Statistics:
    """Totals of the whole service; telemetry and cache counts are estimates."""

    users: int
    active_users: int
    devices_by_status: dict[DeviceStatus, int]
    devices_online: int
    groups: int
    points_last_hour: int
    points_last_day: int
    cache_hits: int
    cache_misses: int

    @property
    def cache_hit_rate(self) -> float | None:
        """The share of look-ups that the caches answered, None before the first."""
        lookups = self.cache_hits + self.cache_misses
        return self.cache_hits / lookups if lookups else None


class StatisticsReader:
    """Gathers `Statistics`."""

    def __init__(
        self,
        transactions: Transactions,
        presence: PresenceRepository,
        activity: ActivityCounter,
        counters: Counters,
        clock: Clock,
        *,
        online_window_s: int,
    ) -> None:
        self._transactions = transactions
        self._presence = presence
        self._activity = activity
        self._counters = counters
        self._clock = clock
        self._online_window_ms = online_window_s * 1_000

    async def read(self) -> Statistics:
        """The totals of now. Raises StoreUnavailable."""
        # The SQL store counts who is online; it must know who was seen since the last flush.
        await flush_presence(self._presence, self._transactions, self._clock)
        online_since = Millis(self._clock.now() - self._online_window_ms + 1)
        async with self._transactions.read() as transaction:
            users, active_users = await transaction.accounts.count()
            by_status = await transaction.devices.count_by_status()
            online = await transaction.devices.count_seen_since(online_since)
            groups = await transaction.groups.count()
        cache = await self._counters.totals()
        return Statistics(
            users=users,
            active_users=active_users,
            devices_by_status=by_status,
            devices_online=online,
            groups=groups,
            points_last_hour=await self._activity.points_within(hours=1),
            points_last_day=await self._activity.points_within(hours=24),
            cache_hits=cache[Counter.CACHE_HITS],
            cache_misses=cache[Counter.CACHE_MISSES],
        )
