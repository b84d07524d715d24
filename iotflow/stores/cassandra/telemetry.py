"""Telemetry in the tables `records`, for history, `points`, for statistics and newest values, and `devices`."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.telemetry import LatestValues, PageLimit, Record, RecordPage
from iotflow.domain.times import Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.aggregates import aggregated
from iotflow.stores.cassandra.catalogue import stored_names
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.deleting import delete_span, purge_device
from iotflow.stores.cassandra.heads import newest_times
from iotflow.stores.cassandra.history import read_records
from iotflow.stores.cassandra.hourly import aggregated_by_hours, worth_hours
from iotflow.stores.cassandra.latest import read_latest
from iotflow.stores.cassandra.small_writes import SmallWrites
from iotflow.stores.cassandra.writing import Write

RECORDS_AT_ONCE = 500
"""Whose statements are put together in one go: the event loop waits meanwhile."""


class CassandraTelemetry:
    """Plays `TelemetryRepository`. A write that fails may have been stored, in part or whole."""

    def __init__(self, cassandra: Cassandra, clock: Clock, retention_days: int) -> None:
        self._cassandra = cassandra
        self._clock = clock
        self._retention_days = retention_days
        self._small_writes = SmallWrites(cassandra)

    async def close(self) -> None:
        """Wait for the writes that were submitted."""
        await self._small_writes.close()

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        for first in range(0, len(records), RECORDS_AT_ONCE):
            part = records[first : first + RECORDS_AT_ONCE]
            write = Write(device_id, part, self._retention_days, self._clock)
            if write.is_small:
                await self._small_writes.submit(write)
            elif of_device := write.of_device():
                await self._cassandra.execute_batch(of_device)
                await in_parallel(partial(self._cassandra.execute_batch, batch) for batch in write.of_days())

    async def names(self, device_id: int) -> frozenset[str]:
        return await stored_names(self._cassandra, device_id)

    async def latest(self, device_id: int) -> LatestValues:
        return await read_latest(self._cassandra, device_id, self._clock)

    async def records(
        self,
        device_id: int,
        span: Span,
        *,
        descending: bool,
        limit: PageLimit,
        after: Millis | None = None,
        names: Collection[str] | None = None,
    ) -> RecordPage:
        if after is not None:
            span = _beyond(span, after, descending=descending)
        return await read_records(self._cassandra, device_id, span, descending=descending, limit=limit, names=names)

    async def newest_times(self, device_ids: Sequence[int], span: Span) -> Mapping[int, Millis]:
        return await newest_times(self._cassandra, device_ids, span)

    async def aggregate(
        self, device_id: int, name: str, span: Span, aggregation: Aggregation, *, width_ms: int, offset_ms: int
    ) -> list[Bucket]:
        if worth_hours(span, width_ms):
            aggregate = partial(aggregated_by_hours, self._cassandra, self._clock, self._retention_days)
        else:
            aggregate = partial(aggregated, self._cassandra)
        return await aggregate(device_id, name, span, aggregation, width_ms=width_ms, offset_ms=offset_ms)

    async def delete(self, device_id: int, span: Span) -> None:
        await delete_span(self._cassandra, device_id, span, self._clock)

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        ids = list(device_ids)
        more = await in_parallel(partial(purge_device, self._cassandra, device_id, self._clock) for device_id in ids)
        return [device_id for device_id, has_more in zip(ids, more, strict=True) if has_more]


def _beyond(span: Span, after: Millis, *, descending: bool) -> Span:
    """What of the span lies beyond a time, in the order asked for."""
    if descending:
        return Span(span.start, after if span.end is None else min(span.end, after))
    return Span(max(span.start, Millis(after + 1)), span.end)
