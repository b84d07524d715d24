"""Pages of whole records, read from `records`.

Cassandra tells no row's size, and a row may have 1 MiB: first it is asked where rows are and how many values each has,
then rows are read in slices that are small even if all their values are as long as they may be.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from operator import itemgetter

from iotflow.domain.telemetry import (
    MAX_METADATA_BYTES,
    MAX_NAME_LENGTH,
    MAX_STRING_BYTES,
    PageLimit,
    PageRoom,
    RecordPage,
    StoredRecord,
)
from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.catalogue import stored_days, stored_names
from iotflow.stores.cassandra.connection import SCAN_TIMEOUT_S, Cassandra, Row
from iotflow.stores.cassandra.days import DAYS_PER_STATEMENT, bounds, day_of, timestamp
from iotflow.stores.cassandra.values import unpacked

FIRST_DAYS = 2
"""Read by the first statement; while they hold too little for a page each further one reads twice as many."""
FEW_NAMES = 4
"""Names that are sought without asking the catalogue whether the device has them: each costs a statement."""
PLACES_PER_STATEMENT = 20_000
"""Rows of which a statement may give the places: each of its days may hold a whole page."""
TIMES_PER_STATEMENT = 1_000
"""Rows that a statement finds by their times, each of which it seeks in each of its days."""
TIMES_PER_ROUND = 200_000
"""Times that the statements of all names give together."""
BYTES_PER_SLICE = 4 * 2**20
WORST_VALUE_BYTES = MAX_STRING_BYTES + 4 * MAX_NAME_LENGTH
WORST_METADATA_BYTES = 2 * MAX_METADATA_BYTES
"""As it is stored: ASCII alone, which makes six bytes of three."""

_WITHIN = "FROM records WHERE device_id = ? AND day IN ? AND time >= ? AND time < ?"
_AT = "FROM records WHERE device_id = ? AND day IN ? AND time IN ?"

_PLACES = "SELECT to_unix_timestamp(time), collection_count(values), writetime(metadata)"
FALLING_PLACES = f"{_PLACES} {_WITHIN} PER PARTITION LIMIT ?"
RISING_PLACES = f"{_PLACES} {_WITHIN} ORDER BY time ASC PER PARTITION LIMIT ?"
PLACES_AT = f"{_PLACES} {_AT}"

_ROWS = "SELECT to_unix_timestamp(time), values, metadata"
ROWS_WITHIN = f"{_ROWS} {_WITHIN}"
ROWS_AT = f"{_ROWS} {_AT}"

_NAMED = "SELECT to_unix_timestamp(time) FROM points WHERE device_id = ? AND day IN ? AND name = ?"
FALLING_NAMED = f"{_NAMED} AND time >= ? AND time < ? PER PARTITION LIMIT ?"
RISING_NAMED = f"{_NAMED} AND time >= ? AND time < ? ORDER BY name DESC, time ASC PER PARTITION LIMIT ?"


_Place = tuple[Millis, int]
"""A row's time, and the most bytes that it may have."""


async def read_records(
    cassandra: Cassandra,
    device_id: int,
    span: Span,
    *,
    descending: bool,
    limit: PageLimit,
    names: Collection[str] | None,
) -> RecordPage:
    """A page of records within the span, in order of time; with `names` those that have one of them.

    With names the page's values and bytes are those of the whole rows: they had to be read.
    """
    wanted = None if names is None else frozenset(names)
    if wanted is not None and len(wanted) > FEW_NAMES:
        wanted &= await stored_names(cassandra, device_id)
    if wanted is not None and not wanted:
        return RecordPage([], more=False)
    reader = _Reader(cassandra, device_id, span, wanted, descending=descending)
    days = await stored_days(cassandra, device_id, span)
    if descending:
        days.reverse()
    places: deque[_Place] = deque()
    found: list[StoredRecord] = []
    room, size = PageRoom(limit), FIRST_DAYS
    while days or places:
        # One place more than records: it tells that others follow.
        missing = room.records + 1 - len(places)
        if days and missing > 0:
            of_day, some = min(missing, PLACES_PER_STATEMENT), days[:size]
            more_places, read_to = await reader.places(some, of_day)
            places.extend(more_places)
            days = days[len(some) :] if read_to is None else days[days.index(read_to) :]
            size = max(1, min(2 * size, DAYS_PER_STATEMENT, PLACES_PER_STATEMENT // of_day))
        elif not room.records:
            return RecordPage(found, more=True)
        else:
            rows = await reader.rows(_slice(places, room.records))
            for record, values, bytes_of_row in _stored(rows, wanted):
                if not room.take(values, bytes_of_row):
                    return RecordPage(found, more=True)
                found.append(record)
    return RecordPage(found, more=False)


class _Reader:
    def __init__(
        self, cassandra: Cassandra, device_id: int, span: Span, names: frozenset[str] | None, *, descending: bool
    ) -> None:
        self._cassandra = cassandra
        self._device_id = device_id
        self._start, self._end = bounds(span)
        self._names = names
        self._descending = descending

    async def places(self, days: Sequence[int], limit: int) -> tuple[list[_Place], int | None]:
        """The first places of these days, in order, and the day at which to go on; None after all of them.

        Of a day no more than `limit` places are read. Where that cuts one off, what follows it is left for the next
        time, for which the span is narrowed.
        """
        if self._names is not None:
            return await self._named_places(days, limit)
        cql = FALLING_PLACES if self._descending else RISING_PLACES
        rows = await self._execute(cql, days, timestamp(self._start), timestamp(self._end), limit)
        by_day = _by_day(rows)
        found: list[_Place] = []
        for day in days:
            of_day = by_day.get(day, [])
            found += [_place(row) for row in of_day if row[1]]
            if len(of_day) >= limit:
                self._go_on_after(of_day[-1][0])
                return found, day
        return found, None

    async def _named_places(self, days: Sequence[int], limit: int) -> tuple[list[_Place], int | None]:
        """The same for rows that have one of the names.

        Their times are found among the points: to read all records for a name that few of them have could take long.
        """
        assert self._names is not None
        cql = FALLING_NAMED if self._descending else RISING_NAMED
        of_name = max(1, min(limit, TIMES_PER_ROUND // (len(self._names) * len(days))))
        bounds_and_limit = (timestamp(self._start), timestamp(self._end), of_name)
        answers = await in_parallel(
            partial(self._execute, cql, days, name, *bounds_and_limit) for name in sorted(self._names)
        )
        times, read_to = self._complete(days, answers, of_name)
        if len(times) > TIMES_PER_STATEMENT:
            del times[TIMES_PER_STATEMENT:]
            read_to = times[-1]
        if not times:
            return [], None
        rows = await self._execute(PLACES_AT, _days(times), [timestamp(time) for time in times])
        places = sorted((_place(row) for row in rows if row[1]), reverse=self._descending)
        if read_to is None:
            return places, None
        self._go_on_after(read_to)
        return places, day_of(read_to)

    def _complete(
        self, days: Sequence[int], answers: Sequence[Sequence[Row]], of_name: int
    ) -> tuple[list[Millis], Millis | None]:
        """The times in order up to the first that may not be complete, and this one; None where all of them are.

        A name of which a day gave as many times as were asked for may have others after the last of these.
        """
        nearest = max if self._descending else min
        times: defaultdict[int, set[Millis]] = defaultdict(set)
        cut: dict[int, Millis] = {}
        for rows in answers:
            for day, of_day in _by_day(rows).items():
                times[day].update(time for (time,) in of_day)
                if len(of_day) >= of_name:
                    last = of_day[-1][0]
                    cut[day] = nearest(cut.get(day, last), last)
        found: list[Millis] = []
        for day in days:
            in_order = sorted(times[day], reverse=self._descending)
            if day in cut:
                return found + in_order[: in_order.index(cut[day]) + 1], cut[day]
            found += in_order
        return found, None

    async def rows(self, places: Sequence[_Place]) -> list[Row]:
        """The rows at these places, in order, and others that have come between them."""
        times = [time for time, _ in places]
        if self._names is not None:
            rows = await self._execute(ROWS_AT, _days(times), [timestamp(time) for time in times])
        else:
            first, last = min(times), max(times)
            rows = await self._execute(ROWS_WITHIN, _days(times), timestamp(first), timestamp(last + 1))
        return sorted(rows, key=itemgetter(0), reverse=self._descending)

    async def _execute(self, cql: str, days: Sequence[int], *values: object) -> list[Row]:
        return await self._cassandra.execute(cql, (self._device_id, days, *values), timeout_s=SCAN_TIMEOUT_S)

    def _go_on_after(self, time: Millis) -> None:
        if self._descending:
            self._end = time
        else:
            self._start = Millis(time + 1)


def _place(row: Row) -> _Place:
    time, values, metadata_stamp = row
    return time, values * WORST_VALUE_BYTES + (0 if metadata_stamp is None else WORST_METADATA_BYTES)


def _slice(places: deque[_Place], most: int) -> list[_Place]:
    """Take the first places, up to a number and `BYTES_PER_SLICE` of their rows, and at least one."""
    taken = [places.popleft()]
    size = taken[0][1]
    while places and len(taken) < most and size + places[0][1] <= BYTES_PER_SLICE:
        size += places[0][1]
        taken.append(places.popleft())
    return taken


def _days(times: Sequence[Millis]) -> list[int]:
    return sorted({time // DAY_MS for time in times})


def _by_day(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Rows that begin with their time by their day, in order."""
    days: dict[int, list[Row]] = {}
    for row in rows:
        days.setdefault(row[0] // DAY_MS, []).append(row)
    return days


def _stored(rows: Sequence[Row], names: frozenset[str] | None) -> Iterator[tuple[StoredRecord, int, int]]:
    """The records of the rows that have one of the names, each with the values and bytes of its whole row."""
    packed = [data for _, values, _ in rows if values for data in values.values()]
    all_values = iter(unpacked(packed))
    for time, packed_values, metadata in rows:
        if not packed_values:  # metadata alone
            continue
        values = dict(zip(packed_values, all_values, strict=False))
        size = sum(map(len, packed_values)) + sum(map(len, packed_values.values())) + len(metadata or "")
        if names is not None:
            values = {name: value for name, value in values.items() if name in names}
        if values:
            yield StoredRecord(Millis(time), values, metadata), len(packed_values), size
