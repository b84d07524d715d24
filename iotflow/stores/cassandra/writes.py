"""Writes and deletions.

A write sends the catalogue's entries that are missing first, then the days' partitions. In this order a day that holds
data is always in the catalogue, even if the write is interrupted. A deletion is stamped with its time of receipt: it
removes data received before, and none that is received later.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import Statement
from iotflow.stores.cassandra.encoding import (
    NO_EXPIRY,
    bounds,
    day_of,
    day_span,
    encode_metadata,
    ttl_s,
)
from iotflow.stores.cassandra.rollups.store import rollup_invalidation_for_delete, rollup_invalidation_for_write
from iotflow.stores.cassandra.rows import MAX_INLINE_BYTES
from iotflow.stores.cassandra.schema_catalogue import CatalogueEntry, RecordHeader, SchemaCatalogue
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.record_encoding import Names, RecordSchemas, encode_measurements

MAX_STATEMENTS_PER_BATCH = 500
MAX_BYTES_PER_BATCH = 1_000_000
MAX_SMALL_WRITE_BYTES = 2_000
STATEMENT_OVERHEAD_BYTES = 90
"""Approximate size of a statement without its measurements or metadata."""

MAX_DAYS_PER_PURGE_CHUNK = 200

_KEY = "WHERE device_id = ? AND day = ? AND time = ? AND schema_id = ?"
_STORE = "UPDATE telemetry_records USING TIMESTAMP ? AND TTL ? SET"
STORE_RECORD = f"{_STORE} measurements = ? {_KEY}"
STORE_LARGE_RECORD = f"{_STORE} large_measurements = ? {_KEY}"
STORE_METADATA = f"{_STORE} metadata = ? {_KEY}"

DELETE_DAY = "DELETE FROM telemetry_records USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_RECORDS = """
    DELETE FROM telemetry_records USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND time >= ? AND time < ?"""
SELECT_ALL_DAYS = "SELECT schema_id, retention_days, days FROM telemetry_schemas WHERE device_id = ?"
REMOVE_DAYS = """
    UPDATE telemetry_schemas USING TIMESTAMP ? SET days = days - ?
    WHERE device_id = ? AND schema_id = ? AND retention_days = ?"""
DELETE_DEVICE = "DELETE FROM telemetry_schemas USING TIMESTAMP ? WHERE device_id = ?"


@dataclass(frozen=True, slots=True)
class _EncodedRecord:
    """A record, the statements of its rows, and their approximate size."""

    record: Record
    statements: Sequence[Statement]
    size: int


class DeviceWrite:
    """The statements that store records of one device, without the records that have already expired."""

    def __init__(
        self,
        device_id: int,
        kept: Sequence[tuple[Record, int]],
        schemas_by_names: Mapping[Names, RecordSchemas],
        entries: Sequence[CatalogueEntry],
        clock: Clock,
    ) -> None:
        self.device_id = device_id
        self.schemas_by_names = schemas_by_names
        self.entries = entries
        """Entries of the catalogue to store first."""
        self._clock = clock
        self._encoded = [self._encode(record, ttl) for record, ttl in kept]
        names = sum(len(name) for entry in entries for name in entry.schema.names)
        self.bytes = names + sum(encoded.size for encoded in self._encoded)
        """The approximate size of the days' statements, and of the names of the entries."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not self._encoded

    @property
    def can_share_batch(self) -> bool:
        """Whether the write gains by sharing a batch with others."""
        return len(self._encoded) == 1 and self.bytes <= MAX_SMALL_WRITE_BYTES

    def day_partition_batches(self) -> Iterator[list[Statement]]:
        """Yield batches of one day's partition each.

        Send each batch when it is yielded: it is stamped with that time.
        """
        days: defaultdict[int, list[_EncodedRecord]] = defaultdict(list)
        for encoded in self._encoded:
            days[day_of(encoded.record.timestamp)].append(encoded)
        for day, of_day in days.items():
            yield from self._batches_of_day(day, of_day)

    def _batches_of_day(self, day: int, of_day: Sequence[_EncodedRecord]) -> Iterator[list[Statement]]:
        batch: list[Statement] = []
        within: list[Record] = []
        size = 0
        for encoded in of_day:
            too_many = len(batch) + len(encoded.statements) > MAX_STATEMENTS_PER_BATCH
            if batch and (too_many or size + encoded.size > MAX_BYTES_PER_BATCH):
                yield [*batch, *rollup_invalidation_for_write(self.device_id, day, within, self._clock.unique_now())]
                batch, within, size = [], [], 0
            batch += encoded.statements
            within.append(encoded.record)
            size += encoded.size
        yield [*batch, *rollup_invalidation_for_write(self.device_id, day, within, self._clock.unique_now())]

    def _encode(self, record: Record, ttl: int) -> _EncodedRecord:
        stamps, key = (record.received_us, ttl), (self.device_id, day_of(record.timestamp), record.timestamp)
        schemas = self.schemas_by_names[tuple(record.values)]
        statements: list[Statement] = []
        size = 0
        for schema in schemas:
            measurements = encode_measurements(schema.pick(record.values))
            cql = STORE_RECORD if len(measurements) <= MAX_INLINE_BYTES else STORE_LARGE_RECORD
            statements.append((cql, (*stamps, measurements, *key, schema.id)))
            size += STATEMENT_OVERHEAD_BYTES + len(measurements)
        if record.metadata is not None:
            text = encode_metadata(record.metadata)
            statements.append((STORE_METADATA, (*stamps, text, *key, schemas[0].id)))
            size += STATEMENT_OVERHEAD_BYTES + len(text)
        return _EncodedRecord(record, statements, size)


class Writer:
    """Prepares and sends writes and deletions."""

    def __init__(self, cassandra: Cassandra, catalogue: SchemaCatalogue, clock: Clock, retention_days: int) -> None:
        self._cassandra = cassandra
        self._catalogue = catalogue
        self._clock = clock
        self._retention_days = retention_days

    async def prepare(self, device_id: int, records: Sequence[Record]) -> DeviceWrite:
        """Return the write of some records. Reads the catalogue if a schema is not cached. Raises StoreUnavailable."""
        now = self._clock.now()
        kept = [
            (record, ttl)
            for record in records
            if (ttl := ttl_s(record.received_us, self._retention_days, now)) is not None
        ]
        headers = [
            RecordHeader(
                tuple(record.values),
                day_of(record.timestamp),
                record.received_us,
                math.inf if ttl == NO_EXPIRY else now / 1_000 + ttl,
            )
            for record, ttl in kept
        ]
        schemas_by_names, entries = await self._catalogue.plan_entries(device_id, headers)
        return DeviceWrite(device_id, kept, schemas_by_names, entries, self._clock)

    async def store_entries(self, writes: Sequence[DeviceWrite]) -> None:
        """Store the entries of the catalogue that these writes need."""
        now = self._clock.now()
        statements = [self._catalogue.statement(entry, now) for write in writes for entry in write.entries]
        for first in range(0, len(statements), MAX_STATEMENTS_PER_BATCH):
            await self._cassandra.execute_batch(statements[first : first + MAX_STATEMENTS_PER_BATCH])
        for write in writes:
            self._catalogue.remember(write.entries, write.schemas_by_names)

    async def store(self, write: DeviceWrite) -> None:
        """Store a write. Raises StoreUnavailable."""
        await self.store_entries([write])
        await gather_bounded(partial(self._cassandra.execute_batch, batch) for batch in write.day_partition_batches())

    async def delete_range(self, device_id: int, time_range: TimeRange) -> None:
        """Remove the data within the range that was received before now. The catalogue keeps its entries."""
        stamp = self._clock.unique_now()
        days = await self._catalogue.days(device_id, time_range)
        await self._delete_days(device_id, days, time_range, stamp)

    async def purge_chunk(self, device_id: int) -> bool:
        """Remove the next days of all that was received of the device before now. Return whether days remain.

        The catalogue's entries are removed after the days that are found by them, so an interrupted purge can resume.
        """
        stamp = self._clock.unique_now()
        stored = await self._cassandra.execute(SELECT_ALL_DAYS, (device_id,))
        days = sorted(frozenset[int]().union(*[found or () for *_, found in stored]))
        purged = days[:MAX_DAYS_PER_PURGE_CHUNK]
        await self._delete_days(device_id, purged, TimeRange(Millis(0), None), stamp)
        self._catalogue.forget(device_id)
        if len(days) == len(purged):
            await self._cassandra.execute(DELETE_DEVICE, (stamp, device_id))
            return False
        removed = set(purged)
        statements: list[Statement] = [
            (REMOVE_DAYS, (stamp, removed.intersection(found or ()), device_id, schema_id, retention_days))
            for schema_id, retention_days, found in stored
            if not removed.isdisjoint(found or ())
        ]
        for first in range(0, len(statements), MAX_STATEMENTS_PER_BATCH):
            await self._cassandra.execute_batch(statements[first : first + MAX_STATEMENTS_PER_BATCH])
        return True

    async def _delete_days(self, device_id: int, days: Sequence[int], time_range: TimeRange, stamp: Micros) -> None:
        await gather_bounded(
            partial(
                self._cassandra.execute_batch,
                [
                    _deletion(device_id, day, time_range, stamp),
                    rollup_invalidation_for_delete(device_id, day, self._clock.unique_now()),
                ],
            )
            for day in days
        )


def _deletion(device_id: int, day: int, time_range: TimeRange, stamp: Micros) -> Statement:
    """Return the statement that deletes the range's part of a day."""
    (start, end), (first, last) = bounds(time_range), bounds(day_span(day))
    if start <= first and last <= end:
        return DELETE_DAY, (stamp, device_id, day)
    return DELETE_RECORDS, (stamp, device_id, day, max(start, first), min(end, last))
