"""Queries of telemetry (records, latest values, aggregates), and its deletion."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from iotflow.clock import Clock
from iotflow.concurrency.single_flight import SingleFlight
from iotflow.concurrency.tasks import gather_bounded, run_to_completion
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.aggregates import Aggregation, WindowAggregate, finalize, merge_aggregates
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import InvalidInput, NotFound, Overloaded
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import require_principal
from iotflow.domain.telemetry import MAX_AHEAD_MS, LatestValues, PageLimit, RecordPage, Value
from iotflow.domain.time_windows import MAX_WINDOWS, segments, window_index, window_start
from iotflow.domain.times import Millis, TimeRange, format_rfc3339
from iotflow.repositories.cache import (
    CacheCounter,
    CacheCounters,
    LatestCache,
    Miss,
)
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.device_lookup import DeviceLookup

DELETION_TIMEOUT_S = 60
"""Time in seconds for some millions of records. After a timeout, deleted chunks stay deleted."""
MAX_CONCURRENT_SEGMENTS = 3
"""A year in a time zone with daylight saving has three segments."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeviceLatest:
    """A device's latest values. `cached`: read from the cache."""

    device: DeviceSummary
    values: LatestValues
    cached: bool


@dataclass(frozen=True, slots=True)
class DeviceRecords:
    """A page of a device's records."""

    device: DeviceSummary
    page: RecordPage


@dataclass(frozen=True, slots=True)
class WindowValue:
    """The statistic of one window: its start, its value, and the number of values used."""

    start: Millis
    value: Value
    count: int


class TelemetryQueries:
    """Queries and deletions of devices' telemetry. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - NotFound: the device does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(
        self,
        transactions: Transactions,
        telemetry: TelemetryRepository,
        latest: LatestCache,
        device_lookup: DeviceLookup,
        counters: CacheCounters,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._latest = latest
        self._device_lookup = device_lookup
        self._counters = counters
        self._bulk_reads = bulk_reads
        self._clock = clock
        self._reads = SingleFlight[LatestValues]()

    async def latest(self, context: Context, device_id: int) -> DeviceLatest:
        """Return a device's latest values. Raises NotFound also for a device without values."""
        device = await self._device_lookup.get_visible(context.principal, device_id)
        cached_or_miss = await self._latest.get(device_id)
        cached = not isinstance(cached_or_miss, Miss)
        await self._counters.add(CacheCounter.CACHE_HITS if cached else CacheCounter.CACHE_MISSES, 1)
        if isinstance(cached_or_miss, Miss):
            values = await self._reads.read(
                (device_id, cached_or_miss), partial(self._read_and_cache, device_id, cached_or_miss)
            )
        else:
            values = cached_or_miss
        if not values:
            raise NotFound(f"device {device_id} has no telemetry")
        return DeviceLatest(device, values, cached)

    async def _read_and_cache(self, device_id: int, miss: Miss) -> LatestValues:
        logger.debug("latest cache: miss; device=%d", device_id)
        values = await self._telemetry.latest(device_id)
        await self._latest.fill(device_id, values, miss)
        return values

    async def records(
        self,
        context: Context,
        device_id: int,
        time_range: TimeRange,
        *,
        descending: bool,
        limit: int,
        after: Millis | None,
        names: Collection[str] | None,
    ) -> DeviceRecords:
        """Return a page of a device's records within a range, beyond the time `after` (None: from the first).

        `names` None: all names. Raises Overloaded for too many bulk reads of the caller's account.
        """
        caller = require_principal(context.principal)
        device = await self._device_lookup.get_visible(caller, device_id)
        async with self._bulk_reads.slot(caller.user_id):
            page = await self._telemetry.records(
                device_id, time_range, descending=descending, limit=PageLimit(limit), after=after, names=names
            )
        return DeviceRecords(device, page)

    async def aggregate(
        self,
        context: Context,
        device_id: int,
        name: str,
        aggregation: Aggregation,
        time_range: TimeRange,
        width_ms: int,
        zone: ZoneInfo,
    ) -> list[WindowValue]:
        """Return a statistic of one measurement per window, in order. Empty windows are left out.

        Raises:
            InvalidInput: more than `MAX_WINDOWS` windows, texts of more than `MAX_PAGE_BYTES`, a sum beyond a double.
            Overloaded: too many bulk reads of the caller's account.

        """
        caller = require_principal(context.principal)
        # Nothing is stored after this time: an open range would need the time zone's windows up to the year 9999.
        end = Millis(self._clock.now() + MAX_AHEAD_MS + 1)
        asked_end = end if time_range.end is None else time_range.end
        _require_few_windows(time_range.start, asked_end, width_ms, zone)
        await self._device_lookup.get_visible(caller, device_id)
        aggregate = partial(self._telemetry.aggregate, device_id, name, aggregation=aggregation, width_ms=width_ms)
        async with self._bulk_reads.slot(caller.user_id):
            parts = await gather_bounded(
                (
                    partial(aggregate, time_range=segment.time_range, offset_ms=segment.offset_ms)
                    for segment in segments(time_range.start, min(asked_end, end), width_ms, zone)
                ),
                MAX_CONCURRENT_SEGMENTS,
            )
        work = TimeSlice()
        merged: dict[int, WindowAggregate] = {}
        for found in chain.from_iterable(parts):
            earlier = merged.get(found.index)
            merged[found.index] = merge_aggregates(aggregation, earlier, found) if earlier else found
            await work.pause()
        values: list[WindowValue] = []
        for index in sorted(merged):
            values.append(_window_value(merged[index], aggregation, width_ms, zone, name))
            await work.pause()
        return values

    async def delete(self, context: Context, device_id: int, time_range: TimeRange) -> None:
        """Delete a device's records within a range from the store and the cache. Raises Overloaded after a timeout."""
        device = await self._device_lookup.get_visible(context.principal, device_id)
        await run_to_completion(self._delete(context, device, time_range))

    async def _delete(self, context: Context, device: DeviceSummary, time_range: TimeRange) -> None:
        """Delete records and record the event. Must run to completion: else deleted values could stay cached."""
        try:
            async with asyncio.timeout(DELETION_TIMEOUT_S):
                await self._telemetry.delete(device.id, time_range)
        except TimeoutError as error:
            message = f"a deletion takes at most {DELETION_TIMEOUT_S} s; a part of the range is deleted: repeat it"
            raise Overloaded(message) from error
        finally:
            # Also after a failure: some records may be deleted, so cached values may be stale.
            await self._latest.invalidate(device.id)
        details: dict[str, JsonValue] = {"start_time": format_rfc3339(time_range.start)}
        if time_range.end is not None:
            details["stop_time"] = format_rfc3339(time_range.end)
        async with self._transactions.write() as transaction:
            await record_event(
                transaction,
                context,
                EventType.DEVICE_TELEMETRY_DELETED,
                self._clock.now(),
                user_id=device.user_id,
                device_id=device.id,
                details=details,
            )


def _require_few_windows(start: Millis, end: Millis, width_ms: int, zone: ZoneInfo) -> None:
    if end <= start:
        return
    first, last = (window_index(at, width_ms, zone) for at in (start, Millis(end - 1)))
    if last - first >= MAX_WINDOWS:
        message = f"the range has {last - first + 1} windows, at most {MAX_WINDOWS} are answered"
        raise InvalidInput.at("query", "window", message=message)


def _window_value(
    found: WindowAggregate, aggregation: Aggregation, width_ms: int, zone: ZoneInfo, name: str
) -> WindowValue:
    try:
        value = finalize(aggregation, found)
    except OverflowError:
        message = f"the sum of {name!r} in a window is beyond what a double holds"
        raise InvalidInput.at("query", "field", message=message) from None
    return WindowValue(window_start(found.index, width_ms, zone), value, found.count)
