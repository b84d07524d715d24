"""Queries of telemetry (records, latest values, aggregates), and its deletion."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from iotflow.clock import Clock
from iotflow.concurrency.single_flight import SingleFlight
from iotflow.concurrency.tasks import gather_bounded, run_to_completion
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate, finalize
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import InvalidInput, NotFound, Overloaded, StoreUnavailable
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.names import normalize
from iotflow.domain.permissions import require_principal
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.telemetry import MAX_AHEAD_MS, LatestValues, PageLimit, RecordPage, StoredRecord, Value
from iotflow.domain.time_windows import MAX_WINDOWS, Window, segments, window_index, window_start
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
from iotflow.services.measurement_names import find_near_names

DELETION_TIMEOUT_S = 60
"""Time in seconds for some millions of records. After a timeout, deleted chunks stay deleted."""
MAX_CONCURRENT_SEGMENTS = 3
"""A year in a time zone with daylight saving has three segments."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeviceLatest:
    """A device's latest values. `cached`: read from the cache."""

    device: DeviceSummary
    latest_values: LatestValues
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
        latest_cache: LatestCache,
        device_lookup: DeviceLookup,
        counters: CacheCounters,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._latest_cache = latest_cache
        self._device_lookup = device_lookup
        self._counters = counters
        self._bulk_reads = bulk_reads
        self._clock = clock
        self._reads = SingleFlight[LatestValues]()

    async def latest(self, context: Context, device_id: int) -> DeviceLatest:
        """Return a device's latest values. Raises NotFound also for a device without values."""
        device = await self._device_lookup.get_visible(context.principal, device_id, TokenScope.READ)
        latest_values, cached = await self._latest_values(device_id)
        if not latest_values:
            raise NotFound(f"device {device_id} has no telemetry")
        return DeviceLatest(device, latest_values, cached)

    async def newest_time(self, context: Context, device_id: int) -> Millis | None:
        """Return the newest event time of a device's telemetry.

        None without telemetry, and while the store is unavailable: a device's status does not depend on it.
        """
        await self._device_lookup.get_visible(context.principal, device_id, TokenScope.READ)
        try:
            latest_values, _ = await self._latest_values(device_id)
        except StoreUnavailable as error:
            logger.warning("telemetry: device=%d status without its newest event time: %s", device_id, error)
            return None
        return max((found.timestamp for found in latest_values.values()), default=None)

    async def _latest_values(self, device_id: int) -> tuple[LatestValues, bool]:
        """Return a device's latest values, and whether they are from the cache."""
        cached_or_miss = await self._latest_cache.get(device_id)
        cached = not isinstance(cached_or_miss, Miss)
        await self._counters.add(CacheCounter.CACHE_HITS if cached else CacheCounter.CACHE_MISSES, 1)
        if isinstance(cached_or_miss, Miss):
            read = partial(self._read_and_cache, device_id, cached_or_miss)
            return await self._reads.run((device_id, cached_or_miss), read), cached
        return cached_or_miss, cached

    async def _read_and_cache(self, device_id: int, miss: Miss) -> LatestValues:
        logger.debug("latest cache: miss; device=%d", device_id)
        latest_values = await self._telemetry.latest(device_id)
        await self._latest_cache.fill(device_id, latest_values, miss)
        return latest_values

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
        caller = require_principal(context.principal, TokenScope.READ)
        names = None if names is None else list(dict.fromkeys(map(normalize, names)))
        device = await self._device_lookup.get_visible(caller, device_id, TokenScope.READ)
        async with self._bulk_reads.slot(caller.user_id):
            page = await self._telemetry.records(
                device_id, time_range, descending=descending, limit=PageLimit(limit), after=after, names=names
            )
        return DeviceRecords(device, page)

    async def names(self, context: Context, device_id: int, records: Iterable[StoredRecord]) -> list[str]:
        """Return the names of a device and of these records, in order."""
        await self._device_lookup.get_visible(context.principal, device_id, TokenScope.READ)
        time_slice = TimeSlice()
        # Read after the records, so that it has their names unless these were deleted since.
        names = set(await self._telemetry.names(device_id))
        for record in records:
            names.update(record.values)
            await time_slice.pause()
        return sorted(names)

    async def aggregate(
        self,
        context: Context,
        device_id: int,
        name: str,
        aggregation: Aggregation,
        time_range: TimeRange,
        window: Window,
        zone: ZoneInfo,
    ) -> list[WindowValue]:
        """Return a statistic of one measurement per window, in order. Empty windows are left out.

        Raises:
            InvalidInput: more than `MAX_WINDOWS` windows, texts of more than `MAX_PAGE_BYTES`, or an overflow.
            NotFound: also for a name that the device's catalogue lacks.
            Overloaded: too many bulk reads of the caller's account.

        """
        caller = require_principal(context.principal, TokenScope.READ)
        # Nothing is stored after this time: an open range would need the time zone's windows up to the year 9999.
        end = Millis(self._clock.now() + MAX_AHEAD_MS + 1)
        asked_end = end if time_range.end is None else time_range.end
        _require_few_windows(time_range.start, asked_end, window, zone)
        await self._device_lookup.get_visible(caller, device_id, TokenScope.READ)
        name = normalize(name)
        aggregate = partial(self._telemetry.aggregate, device_id, name, aggregation=aggregation, window=window)
        async with self._bulk_reads.slot(caller.user_id):
            parts = await gather_bounded(
                (
                    partial(aggregate, time_range=segment.time_range, offset_ms=segment.offset_ms)
                    for segment in segments(time_range.start, min(asked_end, end), window, zone)
                ),
                MAX_CONCURRENT_SEGMENTS,
            )
            if not any(parts):
                await self._require_name(device_id, name)
        time_slice = TimeSlice()
        values: list[WindowValue] = []
        before: WindowAggregate | None = None
        for found in await _merge_parts(aggregation, chain.from_iterable(parts)):
            value = _finalize(aggregation, found, before, name)
            values.append(WindowValue(window_start(found.index, window, zone), value, found.count))
            before = found
            await time_slice.pause()
        return values

    async def _require_name(self, device_id: int, name: str) -> None:
        """Raise NotFound for a name that the device's catalogue lacks."""
        names = await self._telemetry.names(device_id)
        if name in names:
            return
        near = [repr(found) for found in await find_near_names(name, names)]
        suggestion = f"; did you mean {' or '.join(near)}?" if near else ""
        raise NotFound(f"device {device_id} has no measurement {name!r}{suggestion}")

    async def delete(self, context: Context, device_id: int, time_range: TimeRange) -> None:
        """Delete a device's records within a range from the store and the cache. Raises Overloaded after a timeout."""
        device = await self._device_lookup.get_visible(context.principal, device_id, TokenScope.WRITE)
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
            await self._latest_cache.invalidate(device.id)
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


def _require_few_windows(start: Millis, end: Millis, window: Window, zone: ZoneInfo) -> None:
    if end <= start:
        return
    first, last = (window_index(at, window, zone) for at in (start, Millis(end - 1)))
    if last - first >= MAX_WINDOWS:
        message = f"the range has {last - first + 1} windows, at most {MAX_WINDOWS} are answered"
        raise InvalidInput.at("query", "window", message=message)


async def _merge_parts(aggregation: Aggregation, parts: Iterable[WindowAggregate]) -> list[WindowAggregate]:
    """Return the aggregate of each window, in order."""
    time_slice = TimeSlice()
    merged = MergedWindows(aggregation)
    for part in parts:
        merged.add(part)
        await time_slice.pause()
    return merged.in_order()


def _finalize(aggregation: Aggregation, found: WindowAggregate, before: WindowAggregate | None, name: str) -> Value:
    try:
        return finalize(aggregation, found, before)
    except OverflowError:
        statistic = "sum" if aggregation is Aggregation.MEAN else aggregation
        message = f"the {statistic} of {name!r} in a window is beyond what a double holds"
        raise InvalidInput.at("query", "field", message=message) from None
