"""Statistics of one name per window, computed from a device's records in order of time."""

import math
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate
from iotflow.domain.partial_statistics import Number, Rises, Spread, rises_of, spread_of
from iotflow.domain.telemetry import MAX_STRING_BYTES, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.sql.database import ROWS_PER_SLICE, in_slices
from iotflow.stores.sql.record_pages import BYTES_PER_SLICE
from iotflow.stores.sql.record_schemas import RecordSchema, RecordSchemas, SchemaChoice, decode_measurements
from iotflow.stores.sql.tables import records
from iotflow.stores.sql.telemetry_queries import END_OF_TIME

MIN_ROWS_PER_SLICE = 200
"""Smaller slices cost more than reading the size of the largest row."""
SCALE_BITS = 64
"""Values of a sum that overflows are divided by 2**64: there are fewer than 2**64 of them, so the scaled sum fits."""

_Row = Row[*tuple[Any, ...]]  # Any: each column's own type
_Points = Sequence[tuple[Millis, Value]]
"""The values of one name in order of time."""


async def aggregate(
    connection: AsyncConnection,
    schemas: RecordSchemas,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    *,
    alive_at: Micros,
    window: Window,
    offset_ms: int,
) -> list[WindowAggregate]:
    """Return a statistic of one name's values within the range that expire after `alive_at`, per window in order."""
    chosen, choice, chosen_ids = await schemas.with_names(connection, device_id, [name])
    if not chosen:
        return []
    end = END_OF_TIME if time_range.end is None else time_range.end
    wanted: dict[str, object] = {"device_id": device_id, "alive_at": alive_at, "first": time_range.start, "end": end}
    wanted |= chosen_ids
    windows = _Sums() if aggregation in (Aggregation.SUM, Aggregation.MEAN) else _Merged(aggregation)
    async for points in _read_points(connection, wanted, chosen, choice, name):
        for index, values in _split(points, window, offset_ms):
            used = [v for v in values if type(v) is float or type(v) is int] if aggregation.numeric else values
            if used:
                windows.add(index, used)
    return windows.in_order()


async def _read_points(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    schemas: Sequence[RecordSchema],
    choice: SchemaChoice,
    name: str,
) -> AsyncIterator[_Points]:
    """Yield the values of a name in order of time; of several at one time the one received last."""
    positions = {schema.id: schema.positions[name] for schema in schemas}
    several = len(schemas) > 1
    held: list[_Row] = []
    rows_per_slice = await _rows_per_slice(connection, wanted, choice, max(len(schema.names) for schema in schemas))
    async with in_slices(connection, _values_query(choice), wanted, rows=rows_per_slice) as slices:
        async for rows in slices:
            if not several:
                (position,) = positions.values()
                yield [(time, decode_measurements(measurements)[position]) for time, _, _, measurements in rows]
                continue
            # The next slice may have rows of the last time.
            whole, held = _split_off_last_time([*held, *rows])
            yield _last_received(whole, positions)
    if held:
        yield _last_received(held, positions)


async def _rows_per_slice(
    connection: AsyncConnection, wanted: Mapping[str, object], choice: SchemaChoice, names: int
) -> int:
    """Return how many rows of at most this number of names may be in the memory at once."""
    rows = BYTES_PER_SLICE // (names * MAX_STRING_BYTES)
    if rows < MIN_ROWS_PER_SLICE:
        largest = (await connection.execute(_size_query(choice), wanted)).scalar_one()
        rows = BYTES_PER_SLICE // largest if largest else ROWS_PER_SLICE
    return max(1, min(rows, ROWS_PER_SLICE))


def _split_off_last_time(rows: list[_Row]) -> tuple[list[_Row], list[_Row]]:
    """Split rows in order of time into those before the last time, and those of it."""
    first = len(rows) - 1
    while first and rows[first - 1].time == rows[first].time:
        first -= 1
    return rows[:first], rows[first:]


def _last_received(rows: Sequence[_Row], positions: Mapping[int, int]) -> _Points:
    of_time = (max(same, key=lambda row: row.received_us) for _, same in groupby(rows, key=lambda row: row.time))
    return [(row.time, decode_measurements(row.measurements)[positions[row.schema_id]]) for row in of_time]


def _split(points: _Points, window: Window, offset_ms: int) -> Iterator[tuple[int, list[Value]]]:
    """Yield the index of each window and its values."""
    times = [time for time, _ in points]
    first = 0
    while first < len(points):
        index = window.index_at(times[first] + offset_ms)
        following = bisect_left(times, window.begin_of(index + 1) - offset_ms, first)
        yield index, [value for _, value in points[first:following]]
        first = following


class _Merged:
    """Statistics whose parts can be merged."""

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self._merged = MergedWindows(aggregation)

    def add(self, index: int, values: Sequence[Value]) -> None:
        """Add values of a window. All of them come after those before."""
        self._merged.add(WindowAggregate(index, self._statistic_of(values), len(values)))

    def in_order(self) -> list[WindowAggregate]:
        return self._merged.in_order()

    def _statistic_of(self, values: Sequence[Value]) -> Value | Spread | Rises:
        match self._aggregation:
            case Aggregation.FIRST:
                return values[0]
            case Aggregation.LAST:
                return values[-1]
            case Aggregation.COUNT:
                return len(values)
        numbers = cast(Sequence[Number], values)
        match self._aggregation:
            case Aggregation.MIN:
                return min(numbers)
            case Aggregation.MAX:
                return max(numbers)
            case Aggregation.STDDEV:
                return spread_of(numbers)
            case _:
                return rises_of(numbers)


class _Sums:
    """Sums of windows, each within one rounding of the exact sum of its parts, which are exact but for one rounding."""

    def __init__(self) -> None:
        self._parts: dict[int, list[float]] = {}
        self._scaled: dict[int, list[float]] = {}
        self._counts: dict[int, int] = {}

    def add(self, index: int, values: Sequence[Value]) -> None:
        """Add numbers of a window."""
        numbers = cast(Sequence[Number], values)
        self._counts[index] = self._counts.get(index, 0) + len(numbers)
        try:
            self._parts.setdefault(index, []).append(math.fsum(numbers))
        except OverflowError:
            self._scaled.setdefault(index, []).append(_scaled_sum(numbers))

    def in_order(self) -> list[WindowAggregate]:
        return [WindowAggregate(index, self._total(index), count) for index, count in sorted(self._counts.items())]

    def _total(self, index: int) -> float:
        parts = self._parts[index]
        if index not in self._scaled:
            with suppress(OverflowError):
                return math.fsum(parts)
        total = math.fsum([_scaled_sum(parts), *self._scaled.get(index, ())])
        try:
            return math.ldexp(total, SCALE_BITS)
        except OverflowError:
            return math.copysign(math.inf, total)


def _scaled_sum(numbers: Sequence[Number]) -> float:
    return math.fsum(math.ldexp(number, -SCALE_BITS) for number in numbers)


@cache
def _values_query(choice: SchemaChoice) -> Select[*tuple[Any, ...]]:  # Any: each column's own type
    return choice.select(records.c.time, records.c.schema_id, records.c.received_us, records.c.measurements)


@cache
def _size_query(choice: SchemaChoice) -> Select[int | None]:
    rows = _values_query(choice).order_by(None).subquery()
    return select(func.max(func.length(rows.c.measurements)))
