"""Summaries of what a device measured, and of what an account's devices did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from iotflow.domain.alert_rules import Severity
from iotflow.domain.devices import DeviceStatus, DeviceSummary
from iotflow.domain.groups import Group
from iotflow.domain.partial_statistics import Number
from iotflow.domain.times import DAY_MS, Millis, TimeRange

HOUR_MS = 3_600_000
MAX_DEVICE_RANGE_DAYS = 400
"""The longest time range of a device's summary: the retention of activity."""
MAX_ACCOUNT_RANGE_DAYS = 31
"""The longest time range of an account's summary: 10,000 devices have 7.4 million hours of activity in it."""
MAX_QUANTILE_VALUES = 500_000
"""Values of which a summary has percentiles: 4 MB, and more than a day of 5 values a second."""
MAX_LISTED_TYPES = 100
MAX_BUSIEST_DEVICES = 10


class DayActivity(NamedTuple):
    """The numbers of submissions, of the values in them, and of device hours with any."""

    submissions: int
    points: int
    hours: int


class Percentiles(NamedTuple):
    """Exact percentiles, interpolated between neighbours."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class FieldStatistics:
    """The statistics of one name's numbers. `stddev` is the population's. `percentiles` None: too many values."""

    count: int
    mean: float
    min: Number
    max: Number
    stddev: float
    percentiles: Percentiles | None


@dataclass(frozen=True, slots=True)
class DeviceAnalytics:
    """What a device measured and sent. `uptime` is a share, None for a range without an hour that has begun."""

    device: DeviceSummary
    time_range: TimeRange
    fields: Mapping[str, FieldStatistics]
    days: Mapping[Millis, DayActivity]
    uptime: float | None


class BusyDevice(NamedTuple):
    """A device and how much it sent. `name` None: deleted a moment ago."""

    device_id: int
    name: str | None
    submissions: int
    points: int


@dataclass(frozen=True, slots=True)
class DeviceCounts:
    """Numbers of devices by status, and by type: the `MAX_LISTED_TYPES` most frequent ones, the most frequent first."""

    by_status: Mapping[DeviceStatus, int]
    by_type: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GroupAnalytics:
    """What a group has, and what its devices did."""

    group: Group
    time_range: TimeRange
    devices: DeviceCounts
    days: Mapping[Millis, DayActivity]
    busiest: list[BusyDevice]


@dataclass(frozen=True, slots=True)
class AccountAnalytics:
    """What an account has, and what its devices did."""

    time_range: TimeRange
    devices: DeviceCounts
    days: Mapping[Millis, DayActivity]
    alerts: Mapping[Severity, int]
    busiest: list[BusyDevice]


def count_hours(time_range: TimeRange, now: Millis) -> int:
    """Return the number of hours, UTC, that overlap a range and have begun."""
    end = now + 1 if time_range.end is None else min(time_range.end, now + 1)
    return max(0, -(-end // HOUR_MS) - time_range.start // HOUR_MS) if end > time_range.start else 0


def range_error(time_range: TimeRange, now: Millis, max_days: int) -> str | None:
    """Return why a range is too long, or None."""
    end = now if time_range.end is None else time_range.end
    if end - time_range.start <= max_days * DAY_MS:
        return None
    return f"the time range has more than {max_days} days: request a shorter one"
