"""The interface of activity: estimated counts of devices' telemetry."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from iotflow.domain.analytics import DayActivity
from iotflow.domain.times import Millis, TimeRange

RETENTION_DAYS = 400
"""Minimum retention of counts: a year, and what a comparison with the previous year needs."""


class DeviceHour(NamedTuple):
    """A device and the start of an hour of receipt, UTC."""

    device_id: int
    hour: Millis


class Activity(NamedTuple):
    """The number of submissions, and of the values in them."""

    submissions: int
    points: int


class ActivityRepository(Protocol):
    """Counts per device and hour of receipt, removed some time after `RETENTION_DAYS`."""

    async def add(self, counts: Mapping[DeviceHour, Activity]) -> None:
        """Add counts to the stored ones."""
        ...

    async def points_by_hour(self, since: Millis) -> dict[Millis, int]:
        """Return the values of all devices per hour, for the hours that begin at `since` or later."""
        ...

    async def by_day(self, device_ids: Collection[int], time_range: TimeRange) -> dict[Millis, DayActivity]:
        """Return the counts of these devices per day, UTC, in order. A range counts each hour that it overlaps."""
        ...

    async def busiest(self, device_ids: Collection[int], time_range: TimeRange, limit: int) -> dict[int, Activity]:
        """Return the counts of those of the devices with the most submissions, at most `limit`, the most first.

        Of several with the same number the lower id comes first. A range counts each hour that it overlaps.
        """
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        """Remove some counts of these devices. Return whether more may be left."""
        ...
