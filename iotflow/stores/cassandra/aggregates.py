"""Statistics of points per window, computed by Cassandra per day and window, and merged here.

Cassandra adds doubles with compensation (Kahan, "Further remarks on reducing truncation errors", 1965), so that
a sum is as good as exact. One that a double does not hold at some point is computed here instead, from the values.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from iotflow.domain.aggregates import Aggregation, Bucket, TextSize, combined
from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.stores.cassandra.catalogue import stored_days
from iotflow.stores.cassandra.connection import SCAN_TIMEOUT_S, Cassandra, Row
from iotflow.stores.cassandra.days import DAYS_PER_STATEMENT, bounds, day_span, grouped, timestamp
from iotflow.stores.cassandra.driver import ROWS_PER_PAGE
from iotflow.stores.cassandra.values import value_of

SCALE_BITS = 64
"""Numbers are divided by 2**64 while a sum that overflows is added up: no more than 2**64 of them will be."""

_STATISTICS = {
    Aggregation.SUM: "count(value.i), count(value.f), sum(cast(value.i AS double)), sum(value.f)",
    Aggregation.MEAN: "count(value.i), count(value.f), sum(cast(value.i AS double)), sum(value.f)",
    Aggregation.MIN: "count(value.i), count(value.f), min(value.i), min(value.f)",
    Aggregation.MAX: "count(value.i), count(value.f), max(value.i), max(value.f)",
    Aggregation.COUNT: "count(value)",
    Aggregation.FIRST: "count(value), value",
    Aggregation.LAST: "count(value), value",
}
_CHOSEN = "FROM points WHERE device_id = ? AND day IN ? AND name = ? AND time >= ? AND time < ?"

AGGREGATES = {
    aggregation: f"SELECT day, to_unix_timestamp(floor(time, ?, ?)), {statistics} {_CHOSEN} "
    "GROUP BY device_id, day, name, floor(time, ?, ?)"
    # A column by itself is that of a group's first row, and rows come newest first unless told otherwise.
    + (" ORDER BY name DESC, time ASC" if aggregation is Aggregation.FIRST else "")
    for aggregation, statistics in _STATISTICS.items()
}
NUMBERS = f"SELECT value.i, value.f {_CHOSEN}"


async def aggregated(
    cassandra: Cassandra,
    device_id: int,
    name: str,
    span: Span,
    aggregation: Aggregation,
    *,
    width_ms: int,
    offset_ms: int,
) -> list[Bucket]:
    """The statistic of one name's values within the span, per window, in order."""
    start, end = bounds(span)
    # Windows are counted from a time at which one begins, and which no point precedes.
    origin = -(offset_ms % width_ms)
    windows = (timedelta(milliseconds=width_ms), timestamp(origin))
    texts = TextSize()
    buckets: dict[int, Bucket] = {}
    stored = await stored_days(cassandra, device_id, span)
    for days, part in _parts(stored, span, aggregation, width_ms, offset_ms):
        between = (timestamp(part.start), timestamp(bounds(part)[1]))
        values = (*windows, device_id, days, name, *between, *windows)
        for row in await _rows(cassandra, aggregation, values, texts):
            index = (row[1] + offset_ms) // width_ms
            if (bucket := _bucket(aggregation, index, row)) is not None:
                earlier = buckets.get(index)
                buckets[index] = bucket if earlier is None else combined(aggregation, earlier, bucket)
    for index, bucket in buckets.items():
        if isinstance(bucket.value, float) and not math.isfinite(bucket.value):
            first, last = index * width_ms - offset_ms, (index + 1) * width_ms - offset_ms
            window = Span(Millis(max(start, first)), Millis(min(end, last)))
            buckets[index] = Bucket(index, await _long_sum(cassandra, device_id, name, window), bucket.count)
    return [buckets[index] for index in sorted(buckets)]


def _parts(
    days: Sequence[int], span: Span, aggregation: Aggregation, width_ms: int, offset_ms: int
) -> Iterator[tuple[Sequence[int], Span]]:
    """The days and times that a statement reads; for FIRST no more windows than a page has rows.

    Cassandra does not page what it sorts.
    """
    windows_of_day = DAY_MS // width_ms + 2
    if aggregation is not Aggregation.FIRST:
        yield from ((some, span) for some in grouped(days))
    elif windows_of_day <= ROWS_PER_PAGE:
        at_once = min(DAYS_PER_STATEMENT, ROWS_PER_PAGE // windows_of_day)
        yield from ((some, span) for some in grouped(days, at_once))
    else:
        for day in days:
            (start, end), (midnight, next_midnight) = bounds(span), bounds(day_span(day))
            start, end = max(start, midnight), min(end, next_midnight)
            while start < end:
                window = (start + offset_ms) // width_ms
                following = Millis(min(end, (window + ROWS_PER_PAGE) * width_ms - offset_ms))
                yield [day], Span(start, following)
                start = following


async def _rows(cassandra: Cassandra, aggregation: Aggregation, values: Sequence[object], texts: TextSize) -> list[Row]:
    """A row for each day and window, in order. Raises InvalidInput for too much text."""
    if aggregation is Aggregation.FIRST:
        rows = await cassandra.execute(AGGREGATES[aggregation], values, timeout_s=SCAN_TIMEOUT_S)
        _add(texts, rows)
    else:
        rows = []
        async for page in cassandra.pages(AGGREGATES[aggregation], values):
            if aggregation is Aggregation.LAST:
                _add(texts, page)
            rows += page
    return sorted(rows, key=lambda row: row[:2])


def _add(texts: TextSize, rows: Sequence[Row]) -> None:
    for row in rows:
        texts.add(value_of(row[3]))


def _bucket(aggregation: Aggregation, index: int, row: Row) -> Bucket | None:
    """A day's part of a window; None where a numeric statistic finds no number."""
    if not aggregation.numeric:
        count = row[2]
        return Bucket(index, count if aggregation is Aggregation.COUNT else value_of(row[3]), count)
    _, _, integers, decimals, of_integers, of_decimals = row
    count = integers + decimals
    if not count:
        return None
    match aggregation:
        case Aggregation.MIN:
            return Bucket(index, min(value for value in (of_integers, of_decimals) if value is not None), count)
        case Aggregation.MAX:
            return Bucket(index, max(value for value in (of_integers, of_decimals) if value is not None), count)
    return Bucket(index, of_integers + of_decimals, count)


async def _long_sum(cassandra: Cassandra, device_id: int, name: str, window: Span) -> float:
    """A sum that overflows, or would on the way, if it were added up as it is; an infinity if it does in the end."""
    sums: list[float] = []
    between = (timestamp(window.start), timestamp(bounds(window)[1]))
    for days in grouped(await stored_days(cassandra, device_id, window)):
        async for page in cassandra.pages(NUMBERS, (device_id, days, name, *between)):
            numbers = (decimal if integer is None else integer for integer, decimal in page)
            sums.append(math.fsum(math.ldexp(number, -SCALE_BITS) for number in numbers if number is not None))
    total = math.fsum(sums)
    try:
        return math.ldexp(total, SCALE_BITS)
    except OverflowError:
        return math.copysign(math.inf, total)
