"""Statistics of the whole service, for operators."""

from dataclasses import dataclass

from iotflow.clock import Clock
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.permissions import require_admin
from iotflow.repositories.cache import CacheCounter, CacheCounters, PresenceRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.activity import ActivityBuffer
from iotflow.services.presence import flush_presence


@dataclass(frozen=True, slots=True)
class Statistics:
    """Totals of the whole service. Counts of telemetry and of the caches are estimates."""

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
        """Return the share of look-ups answered by the caches, None before the first look-up."""
        lookups = self.cache_hits + self.cache_misses
        return self.cache_hits / lookups if lookups else None


class SystemStatistics:
    """The statistics of the whole service, gathered from all stores."""

    def __init__(
        self,
        transactions: Transactions,
        presence: PresenceRepository,
        activity: ActivityBuffer,
        counters: CacheCounters,
        clock: Clock,
        *,
        online_window_s: int,
    ) -> None:
        self._transactions = transactions
        self._presence = presence
        self._activity = activity
        self._counters = counters
        self._clock = clock
        self._online_window_s = online_window_s

    async def read(self, context: Context) -> Statistics:
        """Return the current totals. For administrators. Raises Unauthenticated, Forbidden, StoreUnavailable."""
        require_admin(context.principal)
        # Flushed first: the SQL store counts online devices, and would miss those seen since the last flush.
        await flush_presence(self._presence, self._transactions, self._clock)
        async with self._transactions.read() as transaction:
            users, active_users = await transaction.accounts.count()
            by_status = await transaction.devices.count_by_status()
            online = await transaction.devices.count_online(self._clock.now(), self._online_window_s)
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
            cache_hits=cache[CacheCounter.CACHE_HITS],
            cache_misses=cache[CacheCounter.CACHE_MISSES],
        )
