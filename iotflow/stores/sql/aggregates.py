"""Statistics of one name per window, computed from a device's records in order of time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate
from iotflow.domain.telemetry import MAX_STRING_BYTES, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Micros, TimeRange
from iotflow.stores.record_encoding import RecordSchema
from iotflow.stores.sql.database import ROWS_PER_SLICE, in_slices
from iotflow.stores.sql.record_pages import BYTES_PER_SLICE
from iotflow.stores.sql.record_schemas import RecordSchemas, SchemaChoice, decode_measurements
from iotflow.stores.sql.tables import records
from iotflow.stores.sql.telemetry_queries import END_OF_TIME
from iotflow.stores.window_statistics import Points, Sums, split_by_window, statistic_of, used_values

MIN_ROWS_PER_SLICE = 200
"""Smaller slices cost more than reading the size of the largest row."""

_Row = Row[*tuple[Any, ...]]  # Any: each column's own type


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
    windows = Sums() if aggregation in (Aggregation.SUM, Aggregation.MEAN) else _Merged(aggregation)
    async for points in _read_points(connection, wanted, chosen, choice, name):
        for index, _, values in split_by_window(points, window, offset_ms):
            if used := used_values(aggregation, values):
                windows.add(index, used)
    return windows.in_order()


async def _read_points(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    schemas: Sequence[RecordSchema],
    choice: SchemaChoice,
    name: str,
) -> AsyncIterator[Points]:
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


def _last_received(rows: Sequence[_Row], positions: Mapping[int, int]) -> Points:
    of_time = (max(same, key=lambda row: row.received_us) for _, same in groupby(rows, key=lambda row: row.time))
    return [(row.time, decode_measurements(row.measurements)[positions[row.schema_id]]) for row in of_time]


class _Merged:
    """Statistics whose parts can be merged."""

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self._merged = MergedWindows(aggregation)

    def add(self, index: int, values: Sequence[Value]) -> None:
        """Add values of a window. All of them come after those before."""
        self._merged.add(WindowAggregate(index, statistic_of(self._aggregation, values), len(values)))

    def in_order(self) -> list[WindowAggregate]:
        return self._merged.in_order()


@cache
def _values_query(choice: SchemaChoice) -> Select[*tuple[Any, ...]]:  # Any: each column's own type
    return choice.select(records.c.time, records.c.schema_id, records.c.received_us, records.c.measurements)


@cache
def _size_query(choice: SchemaChoice) -> Select[int | None]:
    rows = _values_query(choice).order_by(None).subquery()
    return select(func.max(func.length(rows.c.measurements)))
