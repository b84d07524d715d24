"""Telemetry in `telemetry_records`, a row a record, and `telemetry_schemas`, the catalogue."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from iotflow.clock import Clock
from iotflow.concurrency.group_commit import GroupCommit
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.telemetry import LatestValues, PageLimit, Record, RecordPage
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.cassandra.aggregates import aggregate_from_records
from iotflow.stores.cassandra.driver import STORE_NAME
from iotflow.stores.cassandra.latest import read_latest, read_newest_times
from iotflow.stores.cassandra.records import read_records
from iotflow.stores.cassandra.rollups.cell import ROLLED_UP
from iotflow.stores.cassandra.rollups.query import aggregate_from_rollups, can_use_rollups
from iotflow.stores.cassandra.schema_catalogue import SchemaCatalogue
from iotflow.stores.cassandra.session import SHORT_TIMEOUT_S, Cassandra
from iotflow.stores.cassandra.writes import DeviceWrite, Writer

MAX_RECORDS_PER_WRITE = 500
"""The statements of this number of records are built without a pause of the event loop."""
MAX_WRITES_PER_SHARED_BATCH = 10
MAX_BYTES_PER_SHARED_BATCH = 5_000
"""Cassandra warns of batches with more partitions or bytes, and refuses those with ten times this number of bytes."""
MAX_WAITING_BYTES = 2_000_000
CONCURRENT_SHARED_BATCHES = 4


class CassandraTelemetry:
    """Cassandra implementation of `TelemetryRepository`. A failed write may have been stored in part or whole."""

    def __init__(self, cassandra: Cassandra, clock: Clock, retention_days: int) -> None:
        self._cassandra = cassandra
        self._clock = clock
        self._retention_days = retention_days
        self._catalogue = SchemaCatalogue(cassandra, retention_days)
        self._writer = Writer(cassandra, self._catalogue, clock, retention_days)
        # Small writes share batches: a statement costs the driver and Cassandra more than the data in it.
        self._small_writes = GroupCommit(
            self._flush,
            store=STORE_NAME,
            group_weight=MAX_BYTES_PER_SHARED_BATCH,
            max_waiting_weight=MAX_WAITING_BYTES,
            deadline_s=SHORT_TIMEOUT_S,
            concurrency=CONCURRENT_SHARED_BATCHES,
        )

    async def close(self) -> None:
        """Wait for the submitted writes."""
        await self._small_writes.close()

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        for first in range(0, len(records), MAX_RECORDS_PER_WRITE):
            part = records[first : first + MAX_RECORDS_PER_WRITE]
            write = await self._writer.prepare(device_id, part)
            if write.can_share_batch:
                weight = max(write.bytes, MAX_BYTES_PER_SHARED_BATCH // MAX_WRITES_PER_SHARED_BATCH)
                await self._small_writes.submit(write, weight)
            elif not write.is_empty:
                await self._writer.store(write)

    async def names(self, device_id: int) -> frozenset[str]:
        return await self._catalogue.names(device_id)

    async def latest(self, device_id: int) -> LatestValues:
        return await read_latest(self._cassandra, self._catalogue, device_id, self._clock)

    async def records(
        self,
        device_id: int,
        time_range: TimeRange,
        *,
        descending: bool,
        limit: PageLimit,
        after: Millis | None = None,
        names: Collection[str] | None = None,
    ) -> RecordPage:
        if after is not None:
            time_range = _range_after(time_range, after, descending=descending)
        return await read_records(
            self._cassandra,
            self._catalogue,
            device_id,
            time_range,
            descending=descending,
            limit=limit,
            names=names,
        )

    async def newest_times(self, device_ids: Sequence[int], time_range: TimeRange) -> Mapping[int, Millis]:
        return await read_newest_times(self._cassandra, device_ids, time_range)

    async def aggregate(
        self,
        device_id: int,
        name: str,
        time_range: TimeRange,
        aggregation: Aggregation,
        *,
        window: Window,
        offset_ms: int,
    ) -> list[WindowAggregate]:
        stored = (await self._catalogue.read(device_id, time_range)).with_names([name])
        aggregate = partial(aggregate_from_records, self._cassandra, stored)
        if aggregation in ROLLED_UP and can_use_rollups(time_range, window):
            aggregate = partial(aggregate_from_rollups, self._cassandra, stored, self._clock, self._retention_days)
        return await aggregate(device_id, name, time_range, aggregation, window=window, offset_ms=offset_ms)

    async def delete(self, device_id: int, time_range: TimeRange) -> None:
        await self._writer.delete_range(device_id, time_range)

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        ids = list(device_ids)
        more = await gather_bounded(partial(self._writer.purge_chunk, device_id) for device_id in ids)
        return [device_id for device_id, has_more in zip(ids, more, strict=True) if has_more]

    async def _flush(self, writes: Sequence[DeviceWrite]) -> None:
        """Store writes in one batch, and before them the entries of the catalogue that they need."""
        if any(write.entries for write in writes):
            await self._writer.store_entries(writes)
        await self._cassandra.execute_batch(
            [statement for write in writes for batch in write.day_partition_batches() for statement in batch]
        )


def _range_after(time_range: TimeRange, after: Millis, *, descending: bool) -> TimeRange:
    """Return the part of the range that follows a time, in the given order."""
    if descending:
        return TimeRange(time_range.start, after if time_range.end is None else min(time_range.end, after))
    return TimeRange(max(time_range.start, Millis(after + 1)), time_range.end)
