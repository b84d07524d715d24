"""Interfaces of the cache: versioned caches, latest values, presence, rate limits, counters."""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from iotflow.domain.telemetry import LatestValues
from iotflow.domain.times import Millis

K = TypeVar("K", contravariant=True)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Miss:
    """The result of a look-up without an entry. Equal misses of one key have seen the same changes.

    `version` identifies the key's state at the look-up. An implementation may return a subclass that holds more; pass
    the same object to `fill`.
    """

    version: int


class VersionedCache(Protocol[K, V]):
    """A cache of values that belong to an account, each entry for at most the cache's lifetime.

    Invariant: a value whose read began before an invalidation of its key never becomes an entry. `get` returns a `Miss`
    with the key's version, an invalidation changes the version, and `fill` compares.
    """

    async def get(self, key: K) -> V | Miss:
        """Return the cached value or a miss."""
        ...

    async def fill(self, key: K, value: V, miss: Miss) -> None:
        """Cache a value that was read from the store after the miss, unless the key was invalidated since."""
        ...

    async def invalidate(self, keys: Collection[K]) -> None:
        """Drop the entries of these keys.

        Raises StoreUnavailable if other processes cannot be notified; this process has dropped its entries even then.
        """
        ...

    async def invalidate_account(self, user_id: UUID) -> None:
        """Drop all entries of an account, at a cost that does not depend on their number.

        Raises StoreUnavailable as `invalidate` does.
        """
        ...


MAX_ENTRY_BYTES = 2**20
"""Size of the largest cached entry of latest values. A thousand numbers take about a third of it."""


class LatestCache(Protocol):
    """A cache of the newest value of each name by event time, per device.

    Invariant: no reader sees a value older than one that the store has acknowledged.
    """

    async def get(self, device_id: int) -> LatestValues | Miss:
        """Return all of the device's newest values, or a miss."""
        ...

    async def fill(self, device_id: int, latest_values: LatestValues, miss: Miss) -> None:
        """Cache values that were read from the store after the miss, unless the device's values changed since."""
        ...

    async def merge(self, device_id: int, latest_values: LatestValues) -> None:
        """Merge stored values: per name the later event time wins, of equal times the later receipt."""
        ...

    async def invalidate(self, device_id: int) -> None:
        """Drop the device's values, and refuse fills of reads that began earlier."""
        ...


@dataclass(frozen=True, slots=True)
class PresenceView:
    """Times at which devices were last seen. Nothing seen since `complete_since` is lost; earlier times may be."""

    complete_since: Millis
    seen: Mapping[int, Millis]


class PresenceRepository(Protocol):
    """Times of receipt of devices' requests that the SQL store may lack. Other processes see them within a second."""

    async def touch(self, device_id: int, at: Millis) -> None:
        """Record a request of the device, without waiting for a server. An older time never replaces a newer one."""
        ...

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        """Return when these devices were last seen. Devices without a time here are left out."""
        ...

    async def view(self, device_ids: Collection[int], now: Millis) -> PresenceView:
        """Return when these devices were last seen, with the time since when none is lost: `now` after a loss of data.

        Unlike `last_seen`, raises StoreUnavailable.
        """
        ...

    async def pending(self) -> Mapping[int, Millis]:
        """Return all times that are not marked as flushed, by device id."""
        ...

    async def mark_flushed(self, seen: Mapping[int, Millis]) -> None:
        """Drop times that are stored in SQL; later times of the same devices stay."""
        ...

    async def remove(self, device_ids: Collection[int]) -> None:
        """Drop the times of deleted devices, one or more."""
        ...


class RateLimit(NamedTuple):
    """A rate limit: `limit` units at once, then one every `period_s / limit` seconds. Clients see `name`."""

    name: str
    limit: int
    period_s: int


class RateLimitResult(NamedTuple):
    """The result of a hit: admitted if `retry_after_s` is 0, else refused; a retry may follow after these seconds.

    `remaining` units are available now, and all of them in `reset_s` seconds.
    """

    subject: str
    limit: RateLimit
    remaining: int
    reset_s: int
    retry_after_s: int


class RateLimiter(Protocol):
    """A rate limiter by the generic cell rate algorithm (ITU-T I.371).

    Counts are lost when the store restarts or its clock is set.
    """

    def hit(self, subject: str, limit: RateLimit, cost: int = 1) -> Awaitable[RateLimitResult]:
        """Use `cost` units of a subject, or none if the hit is refused.

        A cost of 0 uses none; it is admitted if a cost of 1 would be. The hit begins with the call, not with the await.
        """
        ...

    async def refund(self, subject: str, limit: RateLimit) -> None:
        """Return one unit that was used."""
        ...


class CacheCounter(StrEnum):
    """A counter of the caches."""

    CACHE_HITS = "cache_hits"
    CACHE_MISSES = "cache_misses"


class CacheCounters(Protocol):
    """Totals since the cache was started. They are estimates: increments may be lost."""

    async def add(self, counter: CacheCounter, amount: int) -> None:
        """Add to a counter."""
        ...

    async def totals(self) -> dict[CacheCounter, int]:
        """Return all totals; those of other processes may lag by a moment. An unused counter is 0."""
        ...
