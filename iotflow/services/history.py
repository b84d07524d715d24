"""Telemetry on its way out: records, latest values, aggregates; and its deletion."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from iotflow.clock import Clock
from iotflow.completion import to_completion
from iotflow.domain import credentials
from iotflow.domain.aggregates import Aggregation, Bucket, combined, finished
from iotflow.domain.errors import InvalidInput, NotFound, Overloaded
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import visible_device
from iotflow.domain.principals import DevicePrincipal, Principal
from iotflow.domain.telemetry import MAX_AHEAD_MS, LatestValues, PageLimit, RecordPage, Value
from iotflow.domain.times import Millis, Span, format_rfc3339
from iotflow.domain.windows import MAX_WINDOWS, segments, window_index, window_start
from iotflow.parallel import in_parallel
from iotflow.repositories.counters import Counter, Counters
from iotflow.repositories.latest_cache import LatestCache, LatestMiss
from iotflow.repositories.principal_cache import PrincipalCache, PrincipalMiss
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit import Actor, record_event
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.single_flight import SingleFlight
from iotflow.time_slices import TimeSlice

DELETION_TIMEOUT_S = 60
"""Some millions of records; the chunks that are deleted by then stay deleted."""
SEGMENTS_AT_ONCE = 3
"""A year in a zone that changes its clocks has three."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A device's newest values, and whether the cache held them."""

    device: DevicePrincipal
    values: LatestValues
    cached: bool


@dataclass(frozen=True, slots=True)
class WindowValue:
    """One window's answer: its start, its statistic, and how many values were used."""

    start: Millis
    value: Value
    count: int


class History:
    """Reads and deletes telemetry."""

    def __init__(
        self,
        transactions: Transactions,
        telemetry: TelemetryRepository,
        latest: LatestCache,
        principals: PrincipalCache,
        counters: Counters,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._latest = latest
        self._principals = principals
        self._counters = counters
        self._bulk_reads = bulk_reads
        self._clock = clock
        self._reads = SingleFlight[LatestValues]()
        self._look_ups = SingleFlight[DevicePrincipal | None]()

    async def device(self, caller: Principal, device_id: int) -> DevicePrincipal:
        """A device whose telemetry the caller may see. Raises NotFound."""
        if isinstance(caller, DevicePrincipal) and caller.device_id == device_id:
            return caller
        reference = credentials.device_reference(device_id)
        found = await self._principals.get(reference)
        if isinstance(found, PrincipalMiss):
            look_up = partial(self._look_up, device_id, reference)
            device = visible_device(caller, device_id, await self._look_ups.read((device_id, found), look_up))
            # Not before: whoever tries ids that are none of theirs must not fill the cache with others' devices.
            await self._principals.fill(reference, device, found)
            return device
        assert isinstance(found, DevicePrincipal)
        return visible_device(caller, device_id, found)

    async def _look_up(self, device_id: int, reference: bytes) -> DevicePrincipal | None:
        async with self._transactions.read() as transaction:
            found = await transaction.devices.get(device_id)
        if found is None:
            return None
        return DevicePrincipal(
            found.id,
            found.name,
            found.device_type,
            found.status,
            found.user_id,
            reference,
            expires_at=None,
            requests_per_second=found.requests_per_second,
            points_per_second=found.points_per_second,
        )

    async def latest(self, caller: Principal, device_id: int) -> Latest:
        """A device's newest values. Raises NotFound for no such device, and for one that never sent any."""
        device = await self.device(caller, device_id)
        found = await self._latest.get(device_id)
        cached = not isinstance(found, LatestMiss)
        await self._counters.add(Counter.CACHE_HITS if cached else Counter.CACHE_MISSES, 1)
        if isinstance(found, LatestMiss):
            values = await self._reads.read((device_id, found), partial(self._read_latest, device_id, found))
        else:
            values = found
        if not values:
            raise NotFound(f"device {device_id} has no telemetry")
        return Latest(device, values, cached)

    async def _read_latest(self, device_id: int, miss: LatestMiss) -> LatestValues:
        values = await self._telemetry.latest(device_id)
        await self._latest.fill(device_id, values, miss)
        return values

    async def records(
        self,
        caller: Principal,
        device_id: int,
        span: Span,
        *,
        descending: bool,
        limit: int,
        after: Millis | None,
        names: Collection[str] | None,
    ) -> RecordPage:
        """Read a page of a device's records; who may see them was checked by `device`. Raises Overloaded."""
        async with self._bulk_reads.turn(caller.user_id):
            return await self._telemetry.records(
                device_id, span, descending=descending, limit=PageLimit(limit), after=after, names=names
            )

    async def aggregate(
        self,
        caller: Principal,
        device_id: int,
        name: str,
        aggregation: Aggregation,
        span: Span,
        width_ms: int,
        zone: ZoneInfo,
    ) -> list[WindowValue]:
        """A statistic of one name per window, in order, windows without values left out.

        Raises InvalidInput for more than `MAX_WINDOWS` windows, for texts of more than `MAX_PAGE_BYTES` and for a sum
        that no double holds, then NotFound; Overloaded.
        """
        now = self._clock.now()
        # Nothing is stored past this, and a zone's future is not worth computing.
        end = Millis(now + MAX_AHEAD_MS + 1)
        asked_end = end if span.end is None else span.end
        if asked_end > span.start:
            first, last = (window_index(at, width_ms, zone) for at in (span.start, Millis(asked_end - 1)))
            if last - first >= MAX_WINDOWS:
                message = f"the range has {last - first + 1} windows, at most {MAX_WINDOWS} are answered"
                raise InvalidInput.at("query", "window", message=message)
        await self.device(caller, device_id)
        aggregate = partial(self._telemetry.aggregate, device_id, name, aggregation=aggregation, width_ms=width_ms)
        work = TimeSlice()
        buckets: dict[int, Bucket] = {}
        async with self._bulk_reads.turn(caller.user_id):
            parts = await in_parallel(
                (
                    partial(aggregate, span=segment.span, offset_ms=segment.offset_ms)
                    for segment in segments(span.start, min(asked_end, end), width_ms, zone)
                ),
                SEGMENTS_AT_ONCE,
            )
        for bucket in chain.from_iterable(parts):
            earlier = buckets.get(bucket.index)
            buckets[bucket.index] = combined(aggregation, earlier, bucket) if earlier else bucket
            await work.pause()
        values: list[WindowValue] = []
        for index in sorted(buckets):
            values.append(_window_value(buckets[index], aggregation, width_ms, zone, name))
            await work.pause()
        return values

    async def delete(self, caller: Principal, device_id: int, span: Span, request_id: str | None) -> None:
        """Remove a device's records within the span, from the store and from the cache.

        Raises NotFound, Overloaded when it takes too long.
        """
        device = await self.device(caller, device_id)
        await to_completion(self._delete(device, span, Actor.of(caller, request_id)))

    async def _delete(self, device: DevicePrincipal, span: Span, actor: Actor) -> None:
        """Delete and tell of it; run to completion, or a cached value could outlive the store's."""
        try:
            async with asyncio.timeout(DELETION_TIMEOUT_S):
                await self._telemetry.delete(device.device_id, span)
        except TimeoutError as error:
            message = f"a deletion takes at most {DELETION_TIMEOUT_S} s; a part of the range is deleted: repeat it"
            raise Overloaded(message) from error
        finally:
            # After a failure too: some may be gone all the same.
            await self._latest.invalidate(device.device_id)
        details: dict[str, JsonValue] = {"start_time": format_rfc3339(span.start)}
        if span.end is not None:
            details["stop_time"] = format_rfc3339(span.end)
        async with self._transactions.write() as transaction:
            await record_event(
                transaction,
                actor,
                EventType.DEVICE_TELEMETRY_DELETED,
                self._clock.now(),
                user_id=device.user_id,
                device_id=device.device_id,
                details=details,
            )


def _window_value(bucket: Bucket, aggregation: Aggregation, width_ms: int, zone: ZoneInfo, name: str) -> WindowValue:
    try:
        value = finished(aggregation, bucket)
    except OverflowError:
        message = f"the sum of {name!r} in a window is beyond what a double holds"
        raise InvalidInput.at("query", "field", message=message) from None
    return WindowValue(window_start(bucket.index, width_ms, zone), value, bucket.count)
