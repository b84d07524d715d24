"""The records of a batch: rows of one time merged, wide rows split."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from iotflow.cli.importer.rows import Row
from iotflow.domain.telemetry import MAX_NAMES_PER_RECORD, Value
from iotflow.domain.times import Millis, format_rfc3339


class Record(TypedDict):
    """A record as a request has it."""

    timestamp: str
    data: dict[str, Value]


@dataclass(slots=True)
class Batch:
    """Records with the index of the first row of each, and the indexes of the records that several rows share."""

    records: list[Record] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    shared: set[int] = field(default_factory=set)

    def add(self, index: int, row: Row) -> None:
        """Add a row as a record, a wide row as several."""
        timestamp = format_rfc3339(row.time)
        for data in (row.values,) if len(row.values) <= MAX_NAMES_PER_RECORD else _parts(row.values):
            self.records.append({"timestamp": timestamp, "data": data})
            self.rows.append(index)


def merged_batch(rows: Sequence[Row]) -> Batch:
    """Return a batch in which rows of one time share a record, unless one repeats a name of another.

    Such a row begins a new record, so that the last value of a name still wins.
    """
    batch = Batch()
    last_records: dict[Millis, int] = {}
    for index, row in enumerate(rows):
        at = last_records.get(row.time)
        if at is None or not _merge(batch.records[at], row.values):
            batch.add(index, row)
            last_records[row.time] = len(batch.records) - 1
        else:
            batch.shared.add(at)
    return batch


def separate_batch(rows: Sequence[Row]) -> Batch:
    """Return a batch without shared records, so that a rejection names one row."""
    batch = Batch()
    for index, row in enumerate(rows):
        batch.add(index, row)
    return batch


def _merge(record: Record, values: dict[str, Value]) -> bool:
    """Add values to a record if it has room and none of their names. Return whether it did."""
    data = record["data"]
    if len(data) + len(values) > MAX_NAMES_PER_RECORD or not data.keys().isdisjoint(values):
        return False
    record["data"] = data | values
    return True


def _parts(values: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Yield the values in parts that a record can hold."""
    items = iter(values.items())
    while part := dict(itertools.islice(items, MAX_NAMES_PER_RECORD)):
        yield part
