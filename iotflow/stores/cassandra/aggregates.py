"""Aggregates of points, computed by Cassandra per day and step of a window, and merged here.

Cassandra adds doubles with compensation (Kahan, "Further remarks on reducing truncation errors", 1965), so its sums are
nearly exact. A sum that overflows a double on the way is computed here instead, from the values.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from iotflow.domain.aggregates import Aggregation, MergedWindows, TextSize, WindowAggregate
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.cassandra.catalogue import read_days
from iotflow.stores.cassandra.driver import ROWS_PER_PAGE, Row
from iotflow.stores.cassandra.encoding import (
    MAX_DAYS_PER_STATEMENT,
    bounds,
    day_span,
    decode_measured,
    grouped,
    timestamp,
)
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra

SCALE_BITS = 64
"""Values of a sum that overflows are divided by 2**64: there are fewer than 2**64 of them, so the scaled sum fits."""

_COLUMNS = {
    Aggregation.SUM: "count(value.i), count(value.f), sum(cast(value.i AS double)), sum(value.f)",
    Aggregation.MEAN: "count(value.i), count(value.f), sum(cast(value.i AS double)), sum(value.f)",
    Aggregation.MIN: "count(value.i), count(value.f), min(value.i), min(value.f)",
    Aggregation.MAX: "count(value.i), count(value.f), max(value.i), max(value.f)",
    Aggregation.COUNT: "count(value)",
    Aggregation.FIRST: "count(value), value",
    Aggregation.LAST: "count(value), value",
}
_FROM_POINTS = "FROM points WHERE device_id = ? AND day IN ? AND name = ? AND time >= ? AND time < ?"

SELECT_AGGREGATES = {
    aggregation: f"SELECT day, to_unix_timestamp(floor(time, ?, ?)), {columns} {_FROM_POINTS} "
    "GROUP BY device_id, day, name, floor(time, ?, ?)"
    # A column without an aggregate function is that of a group's first row. Rows come newest first by default.
    + (" ORDER BY name DESC, time ASC" if aggregation is Aggregation.FIRST else "")
    for aggregation, columns in _COLUMNS.items()
}
SELECT_NUMBERS = f"SELECT value.i, value.f {_FROM_POINTS}"


async def aggregate_from_points(
    cassandra: Cassandra,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    *,
    window: Window,
    offset_ms: int,
) -> list[WindowAggregate]:
    """Return the aggregate of one name's values within the range per window, in order, by one of `SELECT_AGGREGATES`.

    Raises InvalidInput for more text than an answer may have.
    """
    # The origin is a time at which a step begins and which no point precedes.
    origin = -(offset_ms % window.step_ms)
    steps = (timedelta(milliseconds=window.step_ms), timestamp(origin))
    texts = TextSize()
    merged = MergedWindows(aggregation)
    stored = await read_days(cassandra, device_id, time_range)
    for days, part in _split_by_statement(stored, time_range, aggregation, window.step_ms, offset_ms):
        between = (timestamp(part.start), timestamp(bounds(part)[1]))
        values = (*steps, device_id, days, name, *between, *steps)
        for row in await _read_rows(cassandra, aggregation, values, texts):
            if (aggregate := _aggregate_of(aggregation, window.index_at(row[1] + offset_ms), row)) is not None:
                merged.add(aggregate)
    return [
        WindowAggregate(
            found.index,
            await _scaled_sum(cassandra, device_id, name, clip_window(found.index, time_range, window, offset_ms)),
            found.count,
        )
        if sum_overflowed(found)
        else found
        for found in merged.in_order()
    ]


def sum_overflowed(aggregate: WindowAggregate) -> bool:
    """Return whether a sum is not finite, though the values are: a plain addition of them overflows."""
    return isinstance(aggregate.value, float) and not math.isfinite(aggregate.value)


def clip_window(index: int, time_range: TimeRange, window: Window, offset_ms: int) -> TimeRange:
    """Return the part of a window that lies within the range."""
    start, end = bounds(time_range)
    first, following = (window.begin_of(at) - offset_ms for at in (index, index + 1))
    return TimeRange(Millis(max(start, first)), Millis(min(end, following)))


def _split_by_statement(
    days: Sequence[int], time_range: TimeRange, aggregation: Aggregation, step_ms: int, offset_ms: int
) -> Iterator[tuple[Sequence[int], TimeRange]]:
    """Yield the days and the range that each statement reads.

    A statement for FIRST sorts, and Cassandra does not page sorted results: so it reads at most a page of steps.
    """
    steps_per_day = DAY_MS // step_ms + 2
    if aggregation is not Aggregation.FIRST:
        yield from ((some, time_range) for some in grouped(days))
    elif steps_per_day <= ROWS_PER_PAGE:
        days_per_statement = min(MAX_DAYS_PER_STATEMENT, ROWS_PER_PAGE // steps_per_day)
        yield from ((some, time_range) for some in grouped(days, days_per_statement))
    else:
        for day in days:
            (start, end), (midnight, next_midnight) = bounds(time_range), bounds(day_span(day))
            start, end = max(start, midnight), min(end, next_midnight)
            while start < end:
                step = (start + offset_ms) // step_ms
                following = Millis(min(end, (step + ROWS_PER_PAGE) * step_ms - offset_ms))
                yield [day], TimeRange(start, following)
                start = following


async def _read_rows(
    cassandra: Cassandra, aggregation: Aggregation, values: Sequence[object], texts: TextSize
) -> list[Row]:
    """Return a row for each day and step, in order. Raises InvalidInput for too much text."""
    if aggregation is Aggregation.FIRST:
        rows = await cassandra.execute(SELECT_AGGREGATES[aggregation], values, timeout_s=SCAN_TIMEOUT_S)
        _count_texts(texts, rows)
    else:
        rows = []
        async for page in cassandra.pages(SELECT_AGGREGATES[aggregation], values):
            if aggregation is Aggregation.LAST:
                _count_texts(texts, page)
            rows += page
    return sorted(rows, key=lambda row: row[:2])


def _count_texts(texts: TextSize, rows: Sequence[Row]) -> None:
    for row in rows:
        texts.add(decode_measured(row[3]))


def _aggregate_of(aggregation: Aggregation, index: int, row: Row) -> WindowAggregate | None:
    """Return one step's or day's part of a window; None if a numeric aggregation finds no number."""
    if not aggregation.numeric:
        count = row[2]
        return WindowAggregate(index, count if aggregation is Aggregation.COUNT else decode_measured(row[3]), count)
    _, _, integers, decimals, of_integers, of_decimals = row
    count = integers + decimals
    if not count:
        return None
    found = [value for value in (of_integers, of_decimals) if value is not None]
    match aggregation:
        case Aggregation.MIN:
            return WindowAggregate(index, min(found), count)
        case Aggregation.MAX:
            return WindowAggregate(index, max(found), count)
    return WindowAggregate(index, of_integers + of_decimals, count)


async def _scaled_sum(cassandra: Cassandra, device_id: int, name: str, window: TimeRange) -> float:
    """Return a sum whose plain addition overflows, though the sum may be finite; an infinity if it is not."""
    sums: list[float] = []
    between = (timestamp(window.start), timestamp(bounds(window)[1]))
    for days in grouped(await read_days(cassandra, device_id, window)):
        async for page in cassandra.pages(SELECT_NUMBERS, (device_id, days, name, *between)):
            numbers = (decimal if integer is None else integer for integer, decimal in page)
            sums.append(math.fsum(math.ldexp(number, -SCALE_BITS) for number in numbers if number is not None))
    total = math.fsum(sums)
    try:
        return math.ldexp(total, SCALE_BITS)
    except OverflowError:
        return math.copysign(math.inf, total)
