"""What a write sends: the device's partition first, then the days' partitions.

In this order a day that holds data is always in the catalogue, whenever a write is cut off.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from iotflow.clock import Clock
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis
from iotflow.stores.cassandra.connection import Statement
from iotflow.stores.cassandra.days import day_of, timestamp
from iotflow.stores.cassandra.retention import NEVER, ttl_s
from iotflow.stores.cassandra.rollups import invalidation_by_write
from iotflow.stores.cassandra.values import measured, metadata_text, packed

VALUES_PER_BATCH = 500
BYTES_PER_BATCH = 1_000_000
SMALL_BYTES = 2_000
BYTES_PER_STATEMENT = 90
"""About what a statement takes beside names and values."""

CATALOGUE_OUTLIVES_S = 60
"""An entry of the catalogue expires after what it tells of, never before."""

STORE_RECORD = """
    UPDATE records USING TIMESTAMP ? AND TTL ? SET values = values + ?
    WHERE device_id = ? AND day = ? AND time = ?"""
STORE_RECORD_WITH_METADATA = """
    UPDATE records USING TIMESTAMP ? AND TTL ? SET values = values + ?, metadata = ?
    WHERE device_id = ? AND day = ? AND time = ?"""
STORE_POINT = """
    UPDATE points USING TIMESTAMP ? AND TTL ? SET value = ?
    WHERE device_id = ? AND day = ? AND name = ? AND time = ?"""
STORE_NEWEST = "UPDATE devices USING TIMESTAMP ? SET newest = newest + ? WHERE device_id = ?"
STORE_CATALOGUE = """
    UPDATE devices USING TIMESTAMP ? AND TTL ? SET names = names + ?, days = days + ?
    WHERE device_id = ? AND retention_days = ?"""


class Write:
    """The statements that store records of one device, all of which have yet to expire."""

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
        """About how large the days' part is."""
        return sum(_size(record) for record, _ in self._kept)

    @property
    def is_small(self) -> bool:
        """Whether it gains by going out together with others."""
        return len(self._kept) == 1 and self.bytes <= SMALL_BYTES

    def of_device(self) -> list[Statement]:
        """One batch, of the device's partition; empty where there is nothing to store."""
        if not self._kept:
            return []
        newest: dict[str, Millis] = {}
        for record, _ in self._kept:
            for name in record.values:
                newest[name] = max(record.timestamp, newest.get(name, record.timestamp))
        by_time: defaultdict[Millis, dict[str, int]] = defaultdict(dict)
        for name, time in newest.items():
            by_time[time][name] = time
        pointers = [(STORE_NEWEST, (time * 1_000, names, self._device_id)) for time, names in by_time.items()]
        received = max(record.received for record, _ in self._kept)
        ttl = max(ttl for _, ttl in self._kept)
        lifetime = NEVER if ttl == NEVER else ttl + CATALOGUE_OUTLIVES_S
        days = {day_of(record.timestamp) for record, _ in self._kept}
        return [
            *pointers,
            (STORE_CATALOGUE, (received, lifetime, set(newest), days, self._device_id, self._retention_days)),
        ]

    def of_days(self) -> Iterator[list[Statement]]:
        """Batches, each of one day's partition; to be sent as they come, since each bears the time of its making."""
        days: defaultdict[int, list[tuple[Record, int]]] = defaultdict(list)
        for record, ttl in self._kept:
            days[day_of(record.timestamp)].append((record, ttl))
        for day, records in days.items():
            yield from self._of_day(day, records)

    def _of_day(self, day: int, records: Sequence[tuple[Record, int]]) -> Iterator[list[Statement]]:
        batch: list[Statement] = []
        within: list[Record] = []
        size = 0
        for record, ttl in records:
            statements, weight = self._of_record(day, record, ttl), _size(record)
            if batch and (len(batch) + len(statements) > VALUES_PER_BATCH or size + weight > BYTES_PER_BATCH):
                yield [*batch, *invalidation_by_write(self._device_id, day, within, self._clock.receipt())]
                batch, within, size = [], [], 0
            batch += statements
            within.append(record)
            size += weight
        yield [*batch, *invalidation_by_write(self._device_id, day, within, self._clock.receipt())]

    def _of_record(self, day: int, record: Record, ttl: int) -> list[Statement]:
        time = timestamp(record.timestamp)
        values = {name: packed(value) for name, value in record.values.items()}
        stamps, key = (record.received, ttl), (self._device_id, day)
        statements: list[Statement]
        if record.metadata is None:
            statements = [(STORE_RECORD, (*stamps, values, *key, time))]
        else:
            text = metadata_text(record.metadata)
            statements = [(STORE_RECORD_WITH_METADATA, (*stamps, values, text, *key, time))]
        statements += [
            (STORE_POINT, (*stamps, measured(value), *key, name, time)) for name, value in record.values.items()
        ]
        return statements


def _size(record: Record) -> int:
    """About how many bytes a record's statements have."""
    size = BYTES_PER_STATEMENT * (1 + len(record.values))
    for name, value in record.values.items():
        size += 2 * (len(name) + (len(value) if isinstance(value, str) else 8))
    return size if record.metadata is None else size + len(metadata_text(record.metadata))
