"""Writes and deletions.

A write sends the device's partition first, then the days' partitions. In this order a day that holds data is always in
the catalogue, even if the write is interrupted. A deletion is stamped with its time of receipt: it removes data
received before, and none that is received later.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.cassandra.catalogue import read_days, read_names
from iotflow.stores.cassandra.driver import Statement
from iotflow.stores.cassandra.encoding import (
    NO_EXPIRY,
    bounds,
    day_of,
    day_span,
    encode_measured,
    encode_metadata,
    encode_value,
    timestamp,
    ttl_s,
)
from iotflow.stores.cassandra.rollups.store import rollup_invalidation_for_delete, rollup_invalidation_for_write
from iotflow.stores.cassandra.session import Cassandra

MAX_STATEMENTS_PER_BATCH = 500
MAX_BYTES_PER_BATCH = 1_000_000
MAX_SMALL_WRITE_BYTES = 2_000
STATEMENT_OVERHEAD_BYTES = 90
"""Approximate size of a statement without its names and values."""

CATALOGUE_EXTRA_TTL_S = 60
"""Entries of the catalogue expire this much later than the data: a day must never expire before its values."""

MAX_DAYS_PER_PURGE_CHUNK = 200

STORE_RECORD = """
    UPDATE records USING TIMESTAMP ? AND TTL ? SET values = values + ?
    WHERE device_id = ? AND day = ? AND time = ?"""
STORE_RECORD_WITH_METADATA = """
    UPDATE records USING TIMESTAMP ? AND TTL ? SET values = values + ?, metadata = ?
    WHERE device_id = ? AND day = ? AND time = ?"""
STORE_POINT = """
    UPDATE points USING TIMESTAMP ? AND TTL ? SET value = ?
    WHERE device_id = ? AND day = ? AND name = ? AND time = ?"""
STORE_POINTERS = "UPDATE devices USING TIMESTAMP ? SET newest = newest + ? WHERE device_id = ?"
STORE_CATALOGUE = """
    UPDATE devices USING TIMESTAMP ? AND TTL ? SET names = names + ?, days = days + ?
    WHERE device_id = ? AND retention_days = ?"""

DELETE_DAY_OF_RECORDS = "DELETE FROM records USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_DAY_OF_POINTS = "DELETE FROM points USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_RECORDS = "DELETE FROM records USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND time >= ? AND time < ?"
DELETE_POINTS = """
    DELETE FROM points USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND name = ? AND time >= ? AND time < ?"""
SELECT_ALL_DAYS = "SELECT retention_days, days FROM devices WHERE device_id = ?"
REMOVE_DAYS = "UPDATE devices USING TIMESTAMP ? SET days = days - ? WHERE device_id = ? AND retention_days = ?"
DELETE_DEVICE = "DELETE FROM devices USING TIMESTAMP ? WHERE device_id = ?"


class DeviceWrite:
    """The statements that store records of one device, without the records that have already expired."""

    def __init__(self, device_id: int, records: Sequence[Record], retention_days: int, clock: Clock) -> None:
        self._device_id = device_id
        self._retention_days = retention_days
        self._clock = clock
        now = clock.now()
        self._kept = [
            (record, ttl) for record in records if (ttl := ttl_s(record.received, retention_days, now)) is not None
        ]

    @property
    def bytes(self) -> int:
        """The approximate size of the days' statements."""
        return sum(_size(record) for record, _ in self._kept)

    @property
    def can_share_batch(self) -> bool:
        """Whether the write gains by sharing a batch with others."""
        return len(self._kept) == 1 and self.bytes <= MAX_SMALL_WRITE_BYTES

    def device_batch(self) -> list[Statement]:
        """Return the batch of the device's partition; empty if there is nothing to store."""
        if not self._kept:
            return []
        newest: dict[str, Millis] = {}
        for record, _ in self._kept:
            for name in record.values:
                newest[name] = max(record.timestamp, newest.get(name, record.timestamp))
        by_time: defaultdict[Millis, dict[str, int]] = defaultdict(dict)
        for name, time in newest.items():
            by_time[time][name] = time
        pointers = [(STORE_POINTERS, (time * 1_000, names, self._device_id)) for time, names in by_time.items()]
        received = max(record.received for record, _ in self._kept)
        ttl = max(ttl for _, ttl in self._kept)
        catalogue_ttl = NO_EXPIRY if ttl == NO_EXPIRY else ttl + CATALOGUE_EXTRA_TTL_S
        days = {day_of(record.timestamp) for record, _ in self._kept}
        return [
            *pointers,
            (STORE_CATALOGUE, (received, catalogue_ttl, set(newest), days, self._device_id, self._retention_days)),
        ]

    def day_batches(self) -> Iterator[list[Statement]]:
        """Yield batches of one day's partition each.

        Send each batch when it is yielded: it is stamped with that time.
        """
        days: defaultdict[int, list[tuple[Record, int]]] = defaultdict(list)
        for record, ttl in self._kept:
            days[day_of(record.timestamp)].append((record, ttl))
        for day, records in days.items():
            yield from self._batches_of_day(day, records)

    def _batches_of_day(self, day: int, records: Sequence[tuple[Record, int]]) -> Iterator[list[Statement]]:
        batch: list[Statement] = []
        within: list[Record] = []
        size = 0
        for record, ttl in records:
            statements, weight = self._record_statements(day, record, ttl), _size(record)
            too_many = len(batch) + len(statements) > MAX_STATEMENTS_PER_BATCH
            if batch and (too_many or size + weight > MAX_BYTES_PER_BATCH):
                yield [*batch, *rollup_invalidation_for_write(self._device_id, day, within, self._clock.receipt())]
                batch, within, size = [], [], 0
            batch += statements
            within.append(record)
            size += weight
        yield [*batch, *rollup_invalidation_for_write(self._device_id, day, within, self._clock.receipt())]

    def _record_statements(self, day: int, record: Record, ttl: int) -> list[Statement]:
        time = timestamp(record.timestamp)
        values = {name: encode_value(value) for name, value in record.values.items()}
        stamps, key = (record.received, ttl), (self._device_id, day)
        statements: list[Statement]
        if record.metadata is None:
            statements = [(STORE_RECORD, (*stamps, values, *key, time))]
        else:
            text = encode_metadata(record.metadata)
            statements = [(STORE_RECORD_WITH_METADATA, (*stamps, values, text, *key, time))]
        statements += [
            (STORE_POINT, (*stamps, encode_measured(value), *key, name, time)) for name, value in record.values.items()
        ]
        return statements


async def delete_range(cassandra: Cassandra, device_id: int, time_range: TimeRange, clock: Clock) -> None:
    """Remove the data within the range that was received before now. The catalogue keeps its entries."""
    stamp = clock.receipt()
    names = sorted(await read_names(cassandra, device_id))
    days = await read_days(cassandra, device_id, time_range)
    await gather_bounded(
        partial(cassandra.execute_batch, [*batch, rollup_invalidation_for_delete(device_id, day, clock.receipt())])
        for day in days
        for batch in _deletion_batches(device_id, day, time_range, names, stamp)
    )


async def purge_device_chunk(cassandra: Cassandra, device_id: int, clock: Clock) -> bool:
    """Remove the next days of all that was received of the device before now. Return whether days remain.

    The catalogue's entries are removed after the days that are found by them, so an interrupted purge can resume.
    """
    stamp = clock.receipt()
    stored = await cassandra.execute(SELECT_ALL_DAYS, (device_id,))
    days = sorted(frozenset().union(*[found or () for _, found in stored]))
    purged = days[:MAX_DAYS_PER_PURGE_CHUNK]
    await gather_bounded(
        partial(cassandra.execute_batch, [*batch, rollup_invalidation_for_delete(device_id, day, clock.receipt())])
        for day in purged
        for batch in _deletion_batches(device_id, day, TimeRange(Millis(0), None), [], stamp)
    )
    if len(days) == len(purged):
        await cassandra.execute(DELETE_DEVICE, (stamp, device_id))
        return False
    await cassandra.execute_batch(
        [(REMOVE_DAYS, (stamp, set(purged), device_id, retention_days)) for retention_days, _ in stored]
    )
    return True


def _deletion_batches(
    device_id: int, day: int, time_range: TimeRange, names: Sequence[str], stamp: Micros
) -> list[list[Statement]]:
    """Return batches of one day's partition each; the whole day needs no names."""
    (start, end), (first, last) = bounds(time_range), bounds(day_span(day))
    key = (stamp, device_id, day)
    if start <= first and last <= end:
        return [[(DELETE_DAY_OF_RECORDS, key), (DELETE_DAY_OF_POINTS, key)]]
    between = (timestamp(max(start, first)), timestamp(min(end, last)))
    statements: list[Statement] = [
        (DELETE_RECORDS, (*key, *between)),
        *((DELETE_POINTS, (*key, name, *between)) for name in names),
    ]
    batches = range(0, len(statements), MAX_STATEMENTS_PER_BATCH)
    return [statements[first : first + MAX_STATEMENTS_PER_BATCH] for first in batches]


def _size(record: Record) -> int:
    """Return the approximate bytes of a record's statements."""
    size = STATEMENT_OVERHEAD_BYTES * (1 + len(record.values))
    for name, value in record.values.items():
        size += 2 * (len(name) + (len(value) if isinstance(value, str) else 8))
    return size if record.metadata is None else size + len(encode_metadata(record.metadata))
