"""Telemetry on its way out: records, latest values, aggregates; and its deletion."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from iotflow.clock import Clock
from iotflow.completion import to_completion
from iotflow.domain import credentials
from iotflow.domain.aggregates import Aggregation, Bucket, combined, finished
from iotflow.domain.devices import MAX_ID, Device, DeviceFilter
from iotflow.domain.errors import InvalidInput, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import visible_device
from iotflow.domain.principals import DevicePrincipal, Principal
from iotflow.domain.telemetry import MAX_AHEAD_MS, LatestValues, StoredRecord, Value
from iotflow.domain.times import Millis, Span, format_rfc3339
from iotflow.domain.windows import MAX_WINDOWS, segments, window_index, window_start
from iotflow.parallel import in_parallel
from iotflow.repositories.counters import Counter, Counters
from iotflow.repositories.latest_cache import LatestCache, LatestMiss
from iotflow.repositories.principal_cache import PrincipalCache, PrincipalMiss
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit import Actor, record_event
from iotflow.services.single_flight import SingleFlight

DEVICES_AT_ONCE = 8
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


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Where a feed, newest first and then by device, was left: after this record."""

    timestamp: Millis
    device_id: int


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A record of one of a user's devices."""

    device_id: int
    device_name: str
    record: StoredRecord


class History:
    """Reads and deletes telemetry."""

    def __init__(
        self,
        transactions: Transactions,
        telemetry: TelemetryRepository,
        latest: LatestCache,
        principals: PrincipalCache,
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._latest = latest
        self._principals = principals
        self._counters = counters
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
        device_id: int,
        span: Span,
        *,
        descending: bool,
        limit: int,
        after: Millis | None,
        names: Collection[str] | None,
    ) -> tuple[list[StoredRecord], bool]:
        """A page of a device's records, and whether there are more; who may see them was checked by `device`."""
        records = await self._telemetry.records(
            device_id, span, descending=descending, limit=limit + 1, after=after, names=names
        )
        return records[:limit], len(records) > limit

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

        Raises InvalidInput for more than `MAX_WINDOWS` windows or a sum that no double holds, then NotFound.
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
        parts = await in_parallel(
            (
                partial(
                    self._telemetry.aggregate,
                    device_id,
                    name,
                    segment.span,
                    aggregation,
                    width_ms=width_ms,
                    offset_ms=segment.offset_ms,
                )
                for segment in segments(span.start, min(asked_end, end), width_ms, zone)
            ),
            SEGMENTS_AT_ONCE,
        )
        buckets: dict[int, Bucket] = {}
        for bucket in chain.from_iterable(parts):
            earlier = buckets.get(bucket.index)
            buckets[bucket.index] = combined(aggregation, earlier, bucket) if earlier else bucket
        return [_window_value(buckets[index], aggregation, width_ms, zone, name) for index in sorted(buckets)]

    async def feed(
        self, user_id: UUID, span: Span, limit: int, after: FeedPosition | None
    ) -> tuple[list[FeedRecord], bool]:
        """A page of the records of all of a user's devices, newest first, then by device; and whether there are more.

        Raises NotFound for an unknown user.
        """
        async with self._transactions.read() as transaction:
            if await transaction.accounts.get(user_id) is None:
                raise NotFound(f"there is no user {user_id}")
            devices, _ = await transaction.devices.page(DeviceFilter(user_id=user_id), MAX_ID, 0)
        newest = _Newest(limit + 1)

        async def read(device: Device) -> None:
            beyond = None if after is None else Millis(after.timestamp + (device.id > after.device_id))
            kept_span = Span(max(span.start, newest.floor), span.end)
            records = await self._telemetry.records(
                device.id, kept_span, descending=True, limit=limit + 1, after=beyond
            )
            newest.add(FeedRecord(device.id, device.name, record) for record in records)

        await in_parallel((partial(read, device) for device in devices), DEVICES_AT_ONCE)
        return newest.records[:limit], len(newest.records) > limit

    async def delete(self, caller: Principal, device_id: int, span: Span, request_id: str | None) -> None:
        """Remove a device's records within the span, from the store and from the cache. Raises NotFound."""
        device = await self.device(caller, device_id)
        await to_completion(self._delete(device, span, Actor.of(caller, request_id)))

    async def _delete(self, device: DevicePrincipal, span: Span, actor: Actor) -> None:
        """Delete and tell of it; run to completion, or a cached value could outlive the store's."""
        try:
            await self._telemetry.delete(device.device_id, span)
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


class _Newest:
    """The newest records of many devices, up to a number."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.records: list[FeedRecord] = []

    @property
    def floor(self) -> Millis:
        """No record older than this will be kept."""
        return self.records[-1].record.timestamp if len(self.records) == self._size else Millis(0)

    def add(self, records: Iterable[FeedRecord]) -> None:
        merged = sorted([*self.records, *records], key=lambda item: (-item.record.timestamp, item.device_id))
        self.records = merged[: self._size]


def _window_value(bucket: Bucket, aggregation: Aggregation, width_ms: int, zone: ZoneInfo, name: str) -> WindowValue:
    try:
        value = finished(aggregation, bucket)
    except OverflowError:
        message = f"the sum of {name!r} in a window is beyond what a double holds"
        raise InvalidInput.at("query", "field", message=message) from None
    return WindowValue(window_start(bucket.index, width_ms, zone), value, bucket.count)
