"""Pages of whole records."""

from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from operator import itemgetter

from iotflow.domain.telemetry import PageLimit, PageRoom, RecordPage, StoredRecord, Value, size_of
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.cassandra.driver import Row
from iotflow.stores.cassandra.encoding import MAX_DAYS_PER_STATEMENT, bounds, day_of
from iotflow.stores.cassandra.rows import (
    COLUMNS,
    GREATEST_ID,
    LARGE_RECEIVED,
    LEAST_ID,
    MEASUREMENTS,
    RECEIVED,
    SCHEMA_ID,
    TIME,
    rows_with_measurements,
)
from iotflow.stores.cassandra.schema_catalogue import SchemaCatalogue
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra
from iotflow.stores.record_encoding import RecordSchema, decode_measurements

MAX_ROWS_PER_STATEMENT = 250
"""Rows of 36 KiB at most, with their metadata: 9 MB."""
MAX_POSITIONS_PER_STATEMENT = 5_000
"""Rows of which a statement reads only the key."""
MAX_TIMES_PER_STATEMENT = 100
"""Rows that one statement finds by their times: Cassandra seeks each time in each of the statement's days."""

METADATA, METADATA_RECEIVED = LARGE_RECEIVED + 1, LARGE_RECEIVED + 2
_ROW = f"SELECT {COLUMNS}, metadata, writetime(metadata)"
_FROM_DAYS = "FROM telemetry_records WHERE device_id = ? AND day IN ?"
_FROM_RANGE = f"{_FROM_DAYS} AND (time, schema_id) > (?, ?) AND (time, schema_id) < (?, ?)"
_ASCENDING = "ORDER BY time ASC, schema_id ASC"
_LIMIT = "PER PARTITION LIMIT ?"

SELECT_DESCENDING = f"{_ROW} {_FROM_RANGE} {_LIMIT}"
SELECT_ASCENDING = f"{_ROW} {_FROM_RANGE} {_ASCENDING} {_LIMIT}"
LOCATE_DESCENDING = f"SELECT time, schema_id {_FROM_RANGE} {_LIMIT}"
LOCATE_ASCENDING = f"SELECT time, schema_id {_FROM_RANGE} {_ASCENDING} {_LIMIT}"
SELECT_TIMES = f"{_ROW} {_FROM_DAYS} AND time IN ?"

_KEY = itemgetter(TIME, SCHEMA_ID)


async def read_records(
    cassandra: Cassandra,
    catalogue: SchemaCatalogue,
    device_id: int,
    time_range: TimeRange,
    *,
    descending: bool,
    limit: PageLimit,
    names: Collection[str] | None,
) -> RecordPage:
    """Return a page of records within the range, in order of time; with `names` those that have one of them."""
    wanted: frozenset[int] | None = None
    if names is None:
        days = await catalogue.days(device_id, time_range)
    else:
        stored = await catalogue.read(device_id, time_range)
        chosen = stored.with_names(names)
        days = chosen.days_within(time_range)
        if len(chosen.schemas) < len(stored.schemas):
            wanted = frozenset(chosen.schemas)
    if descending:
        days.reverse()
    reader = _RowReader(cassandra, device_id, time_range, days, wanted, descending=descending)
    page = _Page(limit, names)
    async for rows in reader.slices(page.room):
        schemas = await catalogue.schemas(device_id, {row[SCHEMA_ID] for row in rows})
        async for chunk in rows_with_measurements(cassandra, device_id, rows, schemas):
            if page.is_full_with(chunk, schemas):
                return RecordPage(page.records, more=True)
    return RecordPage(page.records, more=page.is_full_with((), {}))


class _Page:
    """A page while rows are added: those of one time are a record, of each name the value received last."""

    def __init__(self, limit: PageLimit, names: Collection[str] | None) -> None:
        self.records: list[StoredRecord] = []
        self.room = PageRoom(limit)
        self._names = names
        self._same_time: list[tuple[Row, RecordSchema]] = []

    def is_full_with(self, rows: Sequence[Row], schemas: Mapping[int, RecordSchema]) -> bool:
        """Add rows in order; without any, end the last record. Return whether a record does not fit."""
        for row in rows:
            schema = schemas[row[SCHEMA_ID]]
            is_next = bool(self._same_time) and self._same_time[0][0][TIME] != row[TIME]
            # A row that follows the last record that fits shows that others follow.
            if is_next and (not self._end_record() or (not self.room.records and self._has_names(schema))):
                return True
            self._same_time.append((row, schema))
        return not rows and bool(self._same_time) and not self._end_record()

    def _has_names(self, schema: RecordSchema) -> bool:
        return self._names is None or not schema.positions.keys().isdisjoint(self._names)

    def _end_record(self) -> bool:
        rows, self._same_time = self._same_time, []
        values = _merge(rows)
        if self._names is not None:
            values = {name: value for name, value in values.items() if name in self._names}
            if not values:
                return True
        metadata = _newest_metadata(rows)
        if not self.room.take(len(values), size_of(values) + len(metadata or "")):
            return False
        self.records.append(StoredRecord(Millis(rows[0][0][TIME]), values, metadata))
        return True


def _newest_metadata(rows: Sequence[tuple[Row, RecordSchema]]) -> str | None:
    if len(rows) > 1:
        rows = sorted(
            (pair for pair in rows if pair[0][METADATA] is not None), key=lambda pair: pair[0][METADATA_RECEIVED]
        )
    metadata: str | None = rows[-1][0][METADATA] if rows else None
    return metadata


def _merge(rows: Sequence[tuple[Row, RecordSchema]]) -> dict[str, Value]:
    if len(rows) == 1:
        ((row, schema),) = rows
        return dict(zip(schema.names, decode_measurements(row[MEASUREMENTS]), strict=True))
    unordered: dict[str, Value] = {}
    for row, schema in sorted(rows, key=lambda pair: pair[0][RECEIVED]):
        unordered.update(zip(schema.names, decode_measurements(row[MEASUREMENTS]), strict=True))
    return {name: unordered[name] for name in sorted(unordered)}


class _RowReader:
    """Reads the rows of one page in order. Its range shrinks as rows are read."""

    def __init__(
        self,
        cassandra: Cassandra,
        device_id: int,
        time_range: TimeRange,
        days: list[int],
        wanted: frozenset[int] | None,
        *,
        descending: bool,
    ) -> None:
        start, end = bounds(time_range)
        self._cassandra = cassandra
        self._device_id = device_id
        self._days = days
        self._wanted = wanted
        self._descending = descending
        self._after = (start - 1, GREATEST_ID)
        self._before = (end, LEAST_ID)

    async def slices(self, room: PageRoom) -> AsyncIterator[Sequence[Row]]:
        """Yield the range's rows in order, in slices of about the size that the rest of the page needs.

        With wanted schemas, yield all rows of the times at which one of these has a row.
        """
        size = 1
        while self._days:
            some, remaining = self._days[:size], len(self._days)
            if self._wanted is None:
                cql = SELECT_DESCENDING if self._descending else SELECT_ASCENDING
                # One row more than records shows that more records follow.
                yield await self._next(cql, some, min(room.records + 1, MAX_ROWS_PER_STATEMENT))
            else:
                cql = LOCATE_DESCENDING if self._descending else LOCATE_ASCENDING
                found = await self._next(cql, some, MAX_POSITIONS_PER_STATEMENT)
                times = deque(dict.fromkeys(time for time, schema_id in found if schema_id in self._wanted))
                while times:
                    number = min(len(times), room.records + 1, MAX_TIMES_PER_STATEMENT)
                    yield await self._at([times.popleft() for _ in range(number)])
            # Several days share the limit of a statement: with a day that has more rows, it would return few of them.
            size = min(2 * size, MAX_DAYS_PER_STATEMENT) if remaining - len(self._days) == len(some) else 1

    async def _next(self, cql: str, days: Sequence[int], limit: int) -> list[Row]:
        """Return the next rows of these days, up to the first day that may have more, which is read on next time."""
        limit = max(2, limit // len(days))
        bounds_and_limit = (*self._after, *self._before, limit)
        rows = await self._cassandra.execute(cql, (self._device_id, days, *bounds_and_limit), timeout_s=SCAN_TIMEOUT_S)
        by_day: dict[int, list[Row]] = {}
        for row in rows:
            by_day.setdefault(day_of(row[TIME]), []).append(row)
        found: list[Row] = []
        for number, day in enumerate(days):
            of_day = by_day.get(day, [])
            found += of_day
            if len(of_day) >= limit:
                self._resume_after(*_KEY(of_day[-1]))
                self._days = self._days[number:]
                return found
        self._days = self._days[len(days) :]
        return found

    async def _at(self, times: Sequence[Millis]) -> list[Row]:
        days = sorted({day_of(time) for time in times})
        rows = await self._cassandra.execute(SELECT_TIMES, (self._device_id, days, times), timeout_s=SCAN_TIMEOUT_S)
        return sorted(rows, key=_KEY, reverse=self._descending)

    def _resume_after(self, time: Millis, schema_id: int) -> None:
        if self._descending:
            self._before = (time, schema_id)
        else:
            self._after = (time, schema_id)
