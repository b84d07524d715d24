"""Aggregates that Cassandra does not compute, from the values themselves, read page by page."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby

from iotflow.concurrency.tasks import gather_bounded
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.partial_statistics import Number, Rises, Spread, rises_of, spread_of
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.cassandra.catalogue import read_days
from iotflow.stores.cassandra.driver import STORE_NAME, Row
from iotflow.stores.cassandra.encoding import bounds, day_of, grouped, timestamp
from iotflow.stores.cassandra.session import Cassandra

READ_TIMEOUT_S = 30.0
"""Time in seconds for some millions of values."""

SELECT_VALUES = """
    SELECT to_unix_timestamp(time), value.i, value.f
    FROM points WHERE device_id = ? AND day IN ? AND name = ? AND time >= ? AND time < ?"""

_STATISTICS: Mapping[Aggregation, Callable[[Sequence[Number]], Spread | Rises]] = {
    Aggregation.STDDEV: spread_of,
    Aggregation.INCREASE: rises_of,
}

_Part = tuple[Millis, WindowAggregate]
"""A partial aggregate of a window and the time of its first value. Parts of a window never overlap."""


async def aggregate_values(
    cassandra: Cassandra,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    *,
    window: Window,
    offset_ms: int,
) -> list[WindowAggregate]:
    """Return STDDEV or INCREASE of one name's values within the range per window, in order.

    Memory holds a few pages of values, and a partial aggregate for each window, day and page. Raises StoreUnavailable
    if not all values are read within `READ_TIMEOUT_S`.
    """
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            parts = await _read_parts(cassandra, device_id, name, time_range, aggregation, window, offset_ms)
    except TimeoutError as error:
        raise StoreUnavailable(STORE_NAME, f"not all values were read within {READ_TIMEOUT_S} s") from error
    work = TimeSlice()
    merged = MergedWindows(aggregation)
    for _, aggregate in sorted(parts, key=lambda part: part[0]):
        merged.add(aggregate)
        await work.pause()
    return merged.in_order()


async def _read_parts(
    cassandra: Cassandra,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    window: Window,
    offset_ms: int,
) -> list[_Part]:
    """Return the partial aggregates of pages, in any order."""
    between = (timestamp(time_range.start), timestamp(bounds(time_range)[1]))

    async def aggregate_days(days: Sequence[int]) -> list[_Part]:
        parts: list[_Part] = []
        work = TimeSlice()
        async for page in cassandra.pages(SELECT_VALUES, (device_id, days, name, *between)):
            parts += _aggregate_page(page, aggregation, window, offset_ms)
            await work.pause()
        return parts

    days = await read_days(cassandra, device_id, time_range)
    found = await gather_bounded(partial(aggregate_days, some) for some in grouped(days))
    return list(chain.from_iterable(found))


def _aggregate_page(page: Sequence[Row], aggregation: Aggregation, window: Window, offset_ms: int) -> Iterator[_Part]:
    """Yield the partial aggregate of each day and window. A page may have only a part of a day, and leave out days."""
    numbers = sorted(
        (time, decimal if integer is None else integer)
        for time, integer, decimal in page
        if integer is not None or decimal is not None
    )
    by_window = groupby(numbers, key=lambda number: (day_of(number[0]), window.index_at(number[0] + offset_ms)))
    for (_, index), of_window in by_window:
        times, values = zip(*of_window, strict=True)
        yield times[0], WindowAggregate(index, _STATISTICS[aggregation](values), len(values))
