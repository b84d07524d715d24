"""Summaries of devices: statistics of their numbers, what they sent, and when."""

from collections.abc import Collection, Mapping
from functools import partial
from uuid import UUID

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.aggregates import Aggregation, WindowAggregate, finalize
from iotflow.domain.analytics import (
    MAX_DEVICE_RANGE_DAYS,
    MAX_QUANTILE_VALUES,
    DayActivity,
    DeviceAnalytics,
    FieldStatistics,
    Percentiles,
    count_hours,
    range_error,
)
from iotflow.domain.context import Context
from iotflow.domain.devices import Device
from iotflow.domain.errors import InvalidInput, NotFound
from iotflow.domain.partial_statistics import Spread
from iotflow.domain.permissions import require_managed_device, require_user
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.quantiles import SortedRuns, interpolate, position_of
from iotflow.domain.telemetry import PageLimit
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, LATEST_MS, Millis, TimeRange
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.activity import ActivityBuffer
from iotflow.services.bulk_reads import BulkReads

RECORDS_PER_PAGE = 1_000
MAX_CONCURRENT_NAMES = 3
"""Names whose statistics one request reads at a time: few, so that other reads of the store proceed."""
PERCENTS = (50, 95, 99)
WHOLE_RANGE = Window((LATEST_MS // DAY_MS + 1) * DAY_MS)
"""One window that contains all times. It has whole hours, so that stores use their hourly roll-ups."""


class DeviceSummaries:
    """Summaries of devices. For their owners and administrators."""

    def __init__(
        self,
        transactions: Transactions,
        telemetry: TelemetryRepository,
        activity: ActivityRepository,
        buffer: ActivityBuffer,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._activity = activity
        self._buffer = buffer
        self._bulk_reads = bulk_reads
        self._clock = clock

    async def summarize(self, context: Context, device_id: int, time_range: TimeRange) -> DeviceAnalytics:
        """Summarize a device's telemetry within a time range.

        Raises:
        - Unauthenticated, Forbidden, NotFound: by `require_managed_device`.
        - InvalidInput: a range of more than `MAX_DEVICE_RANGE_DAYS`.
        - Overloaded: too many bulk reads of the caller's account, or more than one may take.
        - StoreUnavailable.

        """
        caller = require_user(context.principal, TokenScope.READ)
        async with self._transactions.read() as transaction:
            found = await transaction.devices.get(device_id)
        device = require_managed_device(caller, device_id, found, TokenScope.READ)
        if error := range_error(time_range, self._clock.now(), MAX_DEVICE_RANGE_DAYS):
            raise InvalidInput.at("query", "start_time", message=error)
        return await self._summarize(device, time_range, caller.user_id)

    async def of_device(self, device_id: int, time_range: TimeRange) -> DeviceAnalytics:
        """Return the summary of a device without a check of rights. It is a bulk read of its owner's account.

        Raises NotFound, Overloaded, StoreUnavailable.
        """
        async with self._transactions.read() as transaction:
            device = await transaction.devices.get(device_id)
        if device is None:
            raise NotFound(f"there is no device {device_id}")
        return await self._summarize(device, time_range, device.user_id)

    async def _summarize(self, device: Device, time_range: TimeRange, reader: UUID) -> DeviceAnalytics:
        now = self._clock.now()
        async with self._bulk_reads.slot(reader):
            fields = await self._fields(device.id, time_range)
            await self._buffer.flush()
            days = await self._activity.by_day([device.id], time_range)
        since_registration = TimeRange(max(time_range.start, device.created_at), time_range.end)
        uptime = _uptime(days, count_hours(since_registration, now))
        return DeviceAnalytics(device.summary(), time_range, fields, days, uptime)

    async def _fields(self, device_id: int, time_range: TimeRange) -> dict[str, FieldStatistics]:
        names = sorted(await self._telemetry.names(device_id))
        read = [partial(self._statistics, device_id, name, time_range) for name in names]
        all_statistics = await gather_bounded(read, MAX_CONCURRENT_NAMES)
        found = {name: one for name, one in zip(names, all_statistics, strict=True) if one is not None}
        percentiles: dict[str, Percentiles] = {}
        if sum(one.count for one in found.values()) <= MAX_QUANTILE_VALUES:
            percentiles = await self._percentiles(device_id, found.keys(), time_range)
        return {
            name: FieldStatistics(one.count, one.mean, one.min, one.max, one.stddev, percentiles.get(name))
            for name, one in found.items()
        }

    async def _statistics(self, device_id: int, name: str, time_range: TimeRange) -> FieldStatistics | None:
        """Return the statistics of a name without its percentiles, None without numbers."""
        spread = await self._aggregate(device_id, name, time_range, Aggregation.STDDEV)
        smallest = await self._aggregate(device_id, name, time_range, Aggregation.MIN) if spread else None
        largest = await self._aggregate(device_id, name, time_range, Aggregation.MAX) if spread else None
        if spread is None or smallest is None or largest is None:
            return None
        assert isinstance(spread.value, Spread)
        assert isinstance(smallest.value, int | float)
        assert isinstance(largest.value, int | float)
        stddev = finalize(Aggregation.STDDEV, spread)
        assert isinstance(stddev, float)
        return FieldStatistics(spread.count, spread.value.mean, smallest.value, largest.value, stddev, None)

    async def _aggregate(
        self, device_id: int, name: str, time_range: TimeRange, aggregation: Aggregation
    ) -> WindowAggregate | None:
        found = await self._telemetry.aggregate(
            device_id, name, time_range, aggregation, window=WHOLE_RANGE, offset_ms=0
        )
        return found[0] if found else None

    async def _percentiles(
        self, device_id: int, names: Collection[str], time_range: TimeRange
    ) -> dict[str, Percentiles]:
        """Read the numbers of these names. Return nothing if there are more than `MAX_QUANTILE_VALUES`."""
        runs = {name: SortedRuns() for name in names}
        total, after, more = 0, None, bool(names)
        time_slice = TimeSlice()
        while more:
            page = await self._telemetry.records(
                device_id,
                time_range,
                descending=False,
                limit=PageLimit(RECORDS_PER_PAGE),
                after=after,
                names=runs.keys(),
            )
            for record in page.records:
                for name, value in record.values.items():
                    if type(value) is float or type(value) is int:
                        runs[name].add(value)
                        total += 1
                await time_slice.pause()
            if total > MAX_QUANTILE_VALUES:
                return {}
            more = page.more
            after = page.records[-1].timestamp if page.records else after
        return {name: await _percentiles_of(run, time_slice) for name, run in runs.items() if run.count}


async def _percentiles_of(run: SortedRuns, time_slice: TimeSlice) -> Percentiles:
    positions = [position_of(percent, run.count) for percent in PERCENTS]
    needed = {index for position in positions for index in (position.first, position.first + 1)}
    found: dict[int, float] = {}
    for index, number in enumerate(run.in_order()):
        if index in needed:
            found[index] = number
        if time_slice.is_over:
            await time_slice.pause()
    values = [
        interpolate(found[index], found.get(index + 1, found[index]), hundredths) for index, hundredths in positions
    ]
    return Percentiles(*values)


def _uptime(days: Mapping[Millis, DayActivity], hours: int) -> float | None:
    return min(1.0, sum(day.hours for day in days.values()) / hours) if hours else None
