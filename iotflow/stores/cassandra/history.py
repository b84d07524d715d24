"""Pages of whole records, read from `records`."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from iotflow.domain.telemetry import StoredRecord
from iotflow.domain.times import Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.catalogue import stored_days, stored_names
from iotflow.stores.cassandra.connection import SCAN_TIMEOUT_S, Cassandra, Row
from iotflow.stores.cassandra.days import DAYS_PER_STATEMENT, bounds, timestamp
from iotflow.stores.cassandra.values import metadata_of, unpacked

FIRST_DAYS = 2
"""Read by the first statement; while they hold too little for a page each further one reads twice as many."""
FEW_NAMES = 4
"""Names that are sought without asking the catalogue whether the device has them: each costs a statement."""
ROWS_PER_STATEMENT = 20_000
"""Rows that a statement of several days may find at most: each of them may hold a whole page."""

_COLUMNS = "to_unix_timestamp(time), values, metadata"
_WITHIN = "device_id = ? AND day IN ? AND time >= ? AND time < ?"

FALLING = f"SELECT day, {_COLUMNS} FROM records WHERE {_WITHIN} PER PARTITION LIMIT ?"  # noqa: S608  # of constants
RISING = f"SELECT day, {_COLUMNS} FROM records WHERE {_WITHIN} ORDER BY time ASC PER PARTITION LIMIT ?"  # noqa: S608  # of constants
AT_TIMES = f"SELECT day, {_COLUMNS} FROM records WHERE device_id = ? AND day IN ? AND time IN ?"  # noqa: S608  # of constants

_NAMED = "SELECT day, to_unix_timestamp(time) FROM points WHERE device_id = ? AND day IN ? AND name = ?"
FALLING_NAMED = f"{_NAMED} AND time >= ? AND time < ? PER PARTITION LIMIT ?"
RISING_NAMED = f"{_NAMED} AND time >= ? AND time < ? ORDER BY name DESC, time ASC PER PARTITION LIMIT ?"


async def read_records(
    cassandra: Cassandra,
    device_id: int,
    span: Span,
    *,
    descending: bool,
    limit: int,
    names: Collection[str] | None,
) -> list[StoredRecord]:
    """Up to `limit` records within the span, in order of time; with `names` those that have one of them."""
    wanted = None if names is None else frozenset(names)
    if wanted is not None and len(wanted) > FEW_NAMES:
        wanted &= await stored_names(cassandra, device_id)
    if wanted is not None and not wanted:
        return []
    reader = _Reader(cassandra, device_id, span, wanted, descending=descending)
    days = await stored_days(cassandra, device_id, span)
    if descending:
        days.reverse()
    found: list[StoredRecord] = []
    size = FIRST_DAYS
    while days and len(found) < limit:
        some, missing = days[:size], limit - len(found)
        page, read_to = await reader.read(some, missing)
        found += page
        days = days[len(some) :] if read_to is None else days[days.index(read_to) :]
        size = max(1, min(2 * size, DAYS_PER_STATEMENT, ROWS_PER_STATEMENT // missing))
    return found[:limit]


class _Reader:
    def __init__(
        self, cassandra: Cassandra, device_id: int, span: Span, names: frozenset[str] | None, *, descending: bool
    ) -> None:
        self._cassandra = cassandra
        self._device_id = device_id
        self._start, self._end = bounds(span)
        self._names = names
        self._descending = descending

    async def read(self, days: Sequence[int], limit: int) -> tuple[list[StoredRecord], int | None]:
        """The first records of these days, and the day at which to go on; None after all of them.

        Of a day no more than `limit` rows are read. Where that cuts one off, what follows it is left for the next time,
        for which the span is narrowed.
        """
        rows = await (self._rows(days, limit) if self._names is None else self._named_rows(days, limit))
        found: list[StoredRecord] = []
        for day in days:
            of_day = rows.get(day, [])
            found += [stored for row in of_day if (stored := _stored(row, self._names)) is not None]
            if len(of_day) >= limit:
                self._go_on_after(of_day[-1][1])
                return found, day
        return found, None

    async def _rows(self, days: Sequence[int], limit: int) -> Mapping[int, list[Row]]:
        """Up to `limit` rows of each day, in order."""
        cql = FALLING if self._descending else RISING
        values = (self._device_id, days, timestamp(self._start), timestamp(self._end), limit)
        return _by_day(await self._cassandra.execute(cql, values, timeout_s=SCAN_TIMEOUT_S))

    async def _named_rows(self, days: Sequence[int], limit: int) -> Mapping[int, list[Row]]:
        """Up to `limit` rows of each day that have one of the names, in order.

        Their times are found among the points: to read all records for a name that few of them have could take long.
        """
        cql = FALLING_NAMED if self._descending else RISING_NAMED
        limits = (timestamp(self._start), timestamp(self._end), limit)
        found = await in_parallel(
            partial(self._cassandra.execute, cql, (self._device_id, days, name, *limits), timeout_s=SCAN_TIMEOUT_S)
            for name in sorted(self._names or ())
        )
        times: defaultdict[int, set[int]] = defaultdict(set)
        for rows in found:
            for day, time in rows:
                times[day].add(time)
        chosen: list[int] = []
        for day in days:
            chosen += sorted(times[day], reverse=self._descending)[: limit - len(chosen)]
        if not chosen:
            return {}
        values = (self._device_id, [day for day in days if times[day]], [timestamp(time) for time in chosen])
        rows = await self._cassandra.execute(AT_TIMES, values, timeout_s=SCAN_TIMEOUT_S)
        rows.sort(key=lambda row: row[1], reverse=self._descending)
        return _by_day(rows)

    def _go_on_after(self, time: Millis) -> None:
        if self._descending:
            self._end = time
        else:
            self._start = Millis(time + 1)


def _by_day(rows: Sequence[Row]) -> dict[int, list[Row]]:
    days: dict[int, list[Row]] = {}
    for row in rows:
        days.setdefault(row[0], []).append(row)
    return days


def _stored(row: Row, names: frozenset[str] | None) -> StoredRecord | None:
    """The record of a row; None where it has none of the names, or metadata alone."""
    _, time, values, metadata = row
    if values is None:
        return None
    kept = values if names is None else {name: data for name, data in values.items() if name in names}
    if not kept:
        return None
    shown = {name: unpacked(data) for name, data in kept.items()}
    return StoredRecord(Millis(time), shown, None if metadata is None else metadata_of(metadata))
