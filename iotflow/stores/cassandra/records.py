"""Pages of whole records, read from `records`.

Cassandra cannot return a row's size before the row, and a row may have 1 MiB. So rows are located first, with the
number of values of each. Then they are read in slices that stay small even if all their values have the maximum length.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from operator import itemgetter

from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.telemetry import (
    MAX_METADATA_BYTES,
    MAX_NAME_LENGTH,
    MAX_STRING_BYTES,
    PageLimit,
    PageRoom,
    RecordPage,
    StoredRecord,
)
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.cassandra.catalogue import read_days, read_names
from iotflow.stores.cassandra.driver import Row
from iotflow.stores.cassandra.encoding import MAX_DAYS_PER_STATEMENT, bounds, day_of, decode_values, timestamp
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra

INITIAL_DAYS = 2
"""Days that the first statement reads. Each further one reads twice as many, until a page is full."""
MAX_NAMES_WITHOUT_CATALOGUE = 4
"""At most this number of names is read without looking up whether the device has them: each costs a statement."""
MAX_LOCATIONS_PER_STATEMENT = 20_000
"""Rows that one statement locates: each of its days may hold a whole page."""
MAX_TIMES_PER_STATEMENT = 1_000
"""Rows that one statement finds by their times: Cassandra seeks each time in each of the statement's days."""
MAX_TIMES_PER_ROUND = 200_000
"""Times that the statements of all names return together."""
MAX_SLICE_BYTES = 4 * 2**20
MAX_VALUE_BYTES = MAX_STRING_BYTES + 4 * MAX_NAME_LENGTH
MAX_STORED_METADATA_BYTES = 2 * MAX_METADATA_BYTES
"""Metadata is stored as ASCII, which turns three bytes of UTF-8 into six."""

_FROM_RANGE = "FROM records WHERE device_id = ? AND day IN ? AND time >= ? AND time < ?"
_FROM_TIMES = "FROM records WHERE device_id = ? AND day IN ? AND time IN ?"

_LOCATION = "SELECT to_unix_timestamp(time), collection_count(values), writetime(metadata)"
LOCATE_DESCENDING = f"{_LOCATION} {_FROM_RANGE} PER PARTITION LIMIT ?"
LOCATE_ASCENDING = f"{_LOCATION} {_FROM_RANGE} ORDER BY time ASC PER PARTITION LIMIT ?"
LOCATE_AT = f"{_LOCATION} {_FROM_TIMES}"

_ROW = "SELECT to_unix_timestamp(time), values, metadata"
SELECT_RANGE = f"{_ROW} {_FROM_RANGE}"
SELECT_TIMES = f"{_ROW} {_FROM_TIMES}"

_TIMES_OF_NAME = "SELECT to_unix_timestamp(time) FROM points WHERE device_id = ? AND day IN ? AND name = ?"
FIND_NAME_DESCENDING = f"{_TIMES_OF_NAME} AND time >= ? AND time < ? PER PARTITION LIMIT ?"
FIND_NAME_ASCENDING = f"{_TIMES_OF_NAME} AND time >= ? AND time < ? ORDER BY name DESC, time ASC PER PARTITION LIMIT ?"


_Location = tuple[Millis, int]
"""A row's time, and the most bytes that it may have."""


async def read_records(
    cassandra: Cassandra,
    device_id: int,
    time_range: TimeRange,
    *,
    descending: bool,
    limit: PageLimit,
    names: Collection[str] | None,
) -> RecordPage:
    """Return a page of records within the range, in order of time; with `names` those that have one of them.

    With names the limit counts the values and bytes of whole rows, because these are read.
    """
    wanted = None if names is None else frozenset(names)
    if wanted is not None and len(wanted) > MAX_NAMES_WITHOUT_CATALOGUE:
        wanted &= await read_names(cassandra, device_id)
    if wanted is not None and not wanted:
        return RecordPage([], more=False)
    reader = _PageReader(cassandra, device_id, time_range, wanted, descending=descending)
    days = await read_days(cassandra, device_id, time_range)
    if descending:
        days.reverse()
    locations: deque[_Location] = deque()
    found: list[StoredRecord] = []
    room, size = PageRoom(limit), INITIAL_DAYS
    while days or locations:
        # One location more than records shows that more records follow.
        missing = room.records + 1 - len(locations)
        if days and missing > 0:
            per_day, some = min(missing, MAX_LOCATIONS_PER_STATEMENT), days[:size]
            more_locations, resume_day = await reader.locate(some, per_day)
            locations.extend(more_locations)
            days = days[len(some) :] if resume_day is None else days[days.index(resume_day) :]
            size = max(1, min(2 * size, MAX_DAYS_PER_STATEMENT, MAX_LOCATIONS_PER_STATEMENT // per_day))
        elif not room.records:
            return RecordPage(found, more=True)
        else:
            rows = await reader.rows(_take_slice(locations, room.records))
            for record, values, bytes_of_row in _decode(rows, wanted):
                if not room.take(values, bytes_of_row):
                    return RecordPage(found, more=True)
                found.append(record)
    return RecordPage(found, more=False)


class _PageReader:
    """Locates and reads the rows of one page. Its range shrinks as rows are located."""

    def __init__(
        self,
        cassandra: Cassandra,
        device_id: int,
        time_range: TimeRange,
        names: frozenset[str] | None,
        *,
        descending: bool,
    ) -> None:
        self._cassandra = cassandra
        self._device_id = device_id
        self._start, self._end = bounds(time_range)
        self._names = names
        self._descending = descending

    async def locate(self, days: Sequence[int], limit: int) -> tuple[list[_Location], int | None]:
        """Return the first locations of these days, in order, and the day at which to resume; None after all days.

        A day gives at most `limit` locations. If it has more, the range is narrowed to the times after these, for
        the next call.
        """
        if self._names is not None:
            return await self._locate_named(self._names, days, limit)
        cql = LOCATE_DESCENDING if self._descending else LOCATE_ASCENDING
        rows = await self._execute(cql, days, timestamp(self._start), timestamp(self._end), limit)
        by_day = _group_by_day(rows)
        found: list[_Location] = []
        for day in days:
            of_day = by_day.get(day, [])
            found += [_location(row) for row in of_day if row[1]]
            if len(of_day) >= limit:
                self._resume_after(of_day[-1][0])
                return found, day
        return found, None

    async def _locate_named(
        self, names: frozenset[str], days: Sequence[int], limit: int
    ) -> tuple[list[_Location], int | None]:
        """Locate the rows that have one of the names.

        Their times come from the points: reading all records for a rare name could take long.
        """
        cql = FIND_NAME_DESCENDING if self._descending else FIND_NAME_ASCENDING
        per_name = max(1, min(limit, MAX_TIMES_PER_ROUND // (len(names) * len(days))))
        bounds_and_limit = (timestamp(self._start), timestamp(self._end), per_name)
        answers = await gather_bounded(
            partial(self._execute, cql, days, name, *bounds_and_limit) for name in sorted(names)
        )
        times, resume_after = self._merge_times(days, answers, per_name)
        if len(times) > MAX_TIMES_PER_STATEMENT:
            del times[MAX_TIMES_PER_STATEMENT:]
            resume_after = times[-1]
        if not times:
            return [], None
        rows = await self._execute(LOCATE_AT, _days(times), [timestamp(time) for time in times])
        locations = sorted((_location(row) for row in rows if row[1]), reverse=self._descending)
        if resume_after is None:
            return locations, None
        self._resume_after(resume_after)
        return locations, day_of(resume_after)

    def _merge_times(
        self, days: Sequence[int], answers: Sequence[Sequence[Row]], per_name: int
    ) -> tuple[list[Millis], Millis | None]:
        """Merge the names' times in order, up to the last one that is complete; return it too, None if all are.

        A name with `per_name` times in a day may have more after the last of these, so later times of that day are
        incomplete.
        """
        nearest = max if self._descending else min
        times: defaultdict[int, set[Millis]] = defaultdict(set)
        cut: dict[int, Millis] = {}
        for rows in answers:
            for day, of_day in _group_by_day(rows).items():
                times[day].update(time for (time,) in of_day)
                if len(of_day) >= per_name:
                    last = of_day[-1][0]
                    cut[day] = nearest(cut.get(day, last), last)
        found: list[Millis] = []
        for day in days:
            in_order = sorted(times[day], reverse=self._descending)
            if day in cut:
                return found + in_order[: in_order.index(cut[day]) + 1], cut[day]
            found += in_order
        return found, None

    async def rows(self, locations: Sequence[_Location]) -> list[Row]:
        """Return the rows at these locations, in order. Rows written between them in the meantime may be included."""
        times = [time for time, _ in locations]
        if self._names is not None:
            rows = await self._execute(SELECT_TIMES, _days(times), [timestamp(time) for time in times])
        else:
            first, last = min(times), max(times)
            rows = await self._execute(SELECT_RANGE, _days(times), timestamp(first), timestamp(last + 1))
        return sorted(rows, key=itemgetter(0), reverse=self._descending)

    async def _execute(self, cql: str, days: Sequence[int], *values: object) -> list[Row]:
        return await self._cassandra.execute(cql, (self._device_id, days, *values), timeout_s=SCAN_TIMEOUT_S)

    def _resume_after(self, time: Millis) -> None:
        if self._descending:
            self._end = time
        else:
            self._start = Millis(time + 1)


def _location(row: Row) -> _Location:
    time, values, metadata_stamp = row
    return time, values * MAX_VALUE_BYTES + (0 if metadata_stamp is None else MAX_STORED_METADATA_BYTES)


def _take_slice(locations: deque[_Location], most: int) -> list[_Location]:
    """Remove and return the first locations: at least one, at most `most` and `MAX_SLICE_BYTES` of their rows."""
    taken = [locations.popleft()]
    size = taken[0][1]
    while locations and len(taken) < most and size + locations[0][1] <= MAX_SLICE_BYTES:
        size += locations[0][1]
        taken.append(locations.popleft())
    return taken


def _days(times: Sequence[Millis]) -> list[int]:
    return sorted({day_of(time) for time in times})


def _group_by_day(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Group rows, whose first column is the time in milliseconds, by day, in order."""
    days: dict[int, list[Row]] = {}
    for row in rows:
        days.setdefault(day_of(row[0]), []).append(row)
    return days


def _decode(rows: Sequence[Row], names: frozenset[str] | None) -> Iterator[tuple[StoredRecord, int, int]]:
    """Yield the records that have one of the names, each with the number of values and the bytes of its whole row."""
    encoded = [data for _, values, _ in rows if values for data in values.values()]
    all_values = iter(decode_values(encoded))
    for time, encoded_values, metadata in rows:
        if not encoded_values:  # only metadata
            continue
        values = dict(zip(encoded_values, all_values, strict=False))
        size = sum(map(len, encoded_values)) + sum(map(len, encoded_values.values())) + len(metadata or "")
        if names is not None:
            values = {name: value for name, value in values.items() if name in names}
        if values:
            yield StoredRecord(Millis(time), values, metadata), len(encoded_values), size
