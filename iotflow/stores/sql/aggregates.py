"""Statistics of one name per window, computed from a device's records in order of time."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.telemetry import MAX_STRING_BYTES, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.record_encoding import RecordSchema
from iotflow.stores.sql.block_reads import BlockRow, OpenRows, Overlaps, are_apart, read_blocks
from iotflow.stores.sql.block_statistics import unpack_statistics
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.database import ROWS_PER_SLICE, Rows, stream_slices
from iotflow.stores.sql.record_schemas import SchemaChoice, SchemaRegistry, decode_measurements
from iotflow.stores.sql.sealed_blocks import UnpackedBlock
from iotflow.stores.sql.tables import records
from iotflow.stores.sql.telemetry_queries import END_OF_TIME
from iotflow.stores.window_statistics import MergedValues, Points, Sums, split_by_window, used_values

BYTES_PER_SLICE = 4 * 2**20
"""Bytes of measurements that one statement brings into memory."""
MIN_ROWS_PER_SLICE = 200
"""Smaller slices cost more than reading the size of the largest row."""
T = TypeVar("T")


async def aggregate(
    connection: AsyncConnection,
    schemas: SchemaRegistry,
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
    windows = Sums() if aggregation in (Aggregation.SUM, Aggregation.MEAN) else MergedValues(aggregation)
    reading = _Reading(connection, wanted, choice, chosen, name)
    async for part in reading.parts(aggregation, window, offset_ms):
        if isinstance(part, WindowAggregate):
            windows.add_part(part)
            continue
        for index, _, values in split_by_window(part, window, offset_ms):
            if used := used_values(aggregation, values):
                windows.add(index, used)
    return windows.in_order()


class _Point(NamedTuple):
    """A value of the name, as received."""

    time: Millis
    received_us: Micros
    value: Value


class _Reading:
    """A read of a name's values in order of time, from rows and from blocks."""

    def __init__(
        self,
        connection: AsyncConnection,
        wanted: Mapping[str, object],
        choice: SchemaChoice,
        schemas: Sequence[RecordSchema],
        name: str,
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._choice = choice
        self._positions = {schema.id: schema.positions[name] for schema in schemas}
        self._names = max(len(schema.names) for schema in schemas)
        self._first, self._end, self._alive_at = (int(str(wanted[name])) for name in ("first", "end", "alive_at"))

    async def parts(
        self, aggregation: Aggregation, window: Window, offset_ms: int
    ) -> AsyncIterator[Points | WindowAggregate]:
        """Yield values, of several at one time the one received last, or the statistic of a whole block."""
        held: Sequence[_Point] = ()
        number = await _rows_per_slice(self._connection, self._wanted, self._choice, self._names)
        async with stream_slices(self._connection, _values_query(self._choice), self._wanted, rows=number) as rows:
            open_rows = OpenRows(self._points(rows))
            overlaps = Overlaps[_Point]()
            # A block is within a day: windows shorter than one need its values.
            blocks = read_blocks(
                self._connection,
                self._wanted,
                self._choice,
                contents=record_blocks.c.statistics if window.step_ms >= DAY_MS else record_blocks.c.data,
                names=self._names,
            )
            async for block, following in blocks:
                if not overlaps and are_apart(block, following):
                    async for points in open_rows.before(block.first_time):
                        whole, held = self._split_off([*held, *points])
                        yield _last_received(whole)
                    if not await open_rows.has_any_until(block.last_time):
                        if held:
                            yield _last_received(held)
                            held = ()
                        part = self._statistic(block, aggregation, window, offset_ms)
                        yield part or await self._sole_values(block)
                        continue
                async for points in open_rows.merge(overlaps.add(await self._values(block), following)):
                    whole, held = _split_off_last_time([*held, *points])
                    yield _last_received(whole)
            async for points in open_rows.rest():
                whole, held = self._split_off([*held, *points])
                yield _last_received(whole)
        yield _last_received(held)

    def _split_off(self, points: Sequence[_Point]) -> tuple[Sequence[_Point], Sequence[_Point]]:
        """Split rows into those to use, and those of the last time, where rows of other schemas may follow."""
        return _split_off_last_time(points) if len(self._positions) > 1 else (points, ())

    async def _points(self, slices: AsyncIterator[Rows]) -> AsyncIterator[Sequence[_Point]]:
        positions = self._positions
        async for rows in slices:
            yield [
                _Point(time, received_us, decode_measurements(measurements)[positions[schema_id]])
                for time, schema_id, received_us, measurements in rows
            ]

    def _statistic(
        self, block: BlockRow, aggregation: Aggregation, window: Window, offset_ms: int
    ) -> WindowAggregate | None:
        """Return the statistic of a block whose values are all wanted and in one window; None if its values decide."""
        if window.step_ms < DAY_MS or block.first_expires_us <= self._alive_at:
            return None
        if block.first_time < self._first or block.last_time >= self._end:
            return None
        index = window.index_at(block.first_time + offset_ms)
        if index != window.index_at(block.last_time + offset_ms):
            return None
        found = unpack_statistics(block.statistics, self._positions[block.schema_id])
        part = None if found is None else found.part(aggregation)
        return None if part is None else WindowAggregate(index, *part)

    async def _values(self, block: BlockRow) -> Sequence[_Point]:
        unpacked, low, high = await self._unpack(block)
        values = unpacked.column(self._positions[block.schema_id])[low:high]
        found = zip(unpacked.times[low:high], unpacked.received(low, high), values, strict=True)
        return [_Point(*fields) for fields in self._alive(block, unpacked.expiries, low, high, found)]

    async def _sole_values(self, block: BlockRow) -> Points:
        """Return the values of a block that has no time in common with another record."""
        unpacked, low, high = await self._unpack(block)
        values = unpacked.column(self._positions[block.schema_id])[low:high]
        return self._alive(block, unpacked.expiries, low, high, zip(unpacked.times[low:high], values, strict=True))

    async def _unpack(self, block: BlockRow) -> tuple[UnpackedBlock, int, int]:
        """Return a block, and the indexes of its first record within the range and of the first after it."""
        if "data" in block._fields:
            data = block.data
        else:
            key = {"device_id": self._wanted["device_id"], **block._mapping}
            data = (await self._connection.execute(_DATA_QUERY, key)).scalar_one()
        unpacked = UnpackedBlock(data, block.number)
        return unpacked, bisect_left(unpacked.times, self._first), bisect_left(unpacked.times, self._end)

    def _alive(
        self,
        block: BlockRow,
        expiries: Callable[[int, int], Sequence[Micros]],
        low: int,
        high: int,
        found: Iterable[T],
    ) -> list[T]:
        if block.first_expires_us > self._alive_at:
            return list(found)
        alive = zip(found, expiries(low, high), strict=True)
        return [one for one, expires_us in alive if expires_us > self._alive_at]


async def _rows_per_slice(
    connection: AsyncConnection, wanted: Mapping[str, object], choice: SchemaChoice, names: int
) -> int:
    """Return how many rows of at most this number of names may be in the memory at once."""
    rows = BYTES_PER_SLICE // (names * MAX_STRING_BYTES)
    if rows < MIN_ROWS_PER_SLICE:
        largest = (await connection.execute(_size_query(choice), wanted)).scalar_one()
        rows = BYTES_PER_SLICE // largest if largest else ROWS_PER_SLICE
    return max(1, min(rows, ROWS_PER_SLICE))


def _split_off_last_time(points: Sequence[_Point]) -> tuple[Sequence[_Point], Sequence[_Point]]:
    """Split values in order of time into those before the last time, and those of it: others of it may follow."""
    if not points:
        return points, points
    first = bisect_left(points, points[-1].time, key=lambda point: point.time)
    return points[:first], points[first:]


def _last_received(points: Sequence[_Point]) -> Points:
    if len({point.time for point in points}) == len(points):
        return [(point.time, point.value) for point in points]
    # Of several received at once the last one, as the merge orders them, replaces the others.
    of_time = (
        max(reversed(list(same)), key=lambda point: point.received_us)
        for _, same in groupby(points, key=lambda point: point.time)
    )
    return [(point.time, point.value) for point in of_time]


_DATA_QUERY = select(record_blocks.c.data).where(
    record_blocks.c.device_id == bindparam("device_id"),
    record_blocks.c.schema_id == bindparam("schema_id"),
    record_blocks.c.first_time == bindparam("first_time"),
)


@cache
def _values_query(choice: SchemaChoice) -> Select[*tuple[Any, ...]]:  # Any: each column's own type
    return choice.select(records.c.time, records.c.schema_id, records.c.received_us, records.c.measurements)


@cache
def _size_query(choice: SchemaChoice) -> Select[int | None]:
    rows = _values_query(choice).order_by(None).subquery()
    return select(func.max(func.length(rows.c.measurements)))
