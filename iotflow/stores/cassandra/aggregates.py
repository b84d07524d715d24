"""Statistics of one name, computed here from its values, which are read page by page."""

import asyncio
import math
from collections.abc import Sequence
from functools import partial

from iotflow.concurrency.tasks import gather_bounded
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.aggregates import Aggregation, MergedWindows, TextSize, WindowAggregate
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.cassandra.driver import STORE_NAME
from iotflow.stores.cassandra.encoding import bounds, chunked
from iotflow.stores.cassandra.points import read_points
from iotflow.stores.cassandra.schema_catalogue import StoredDays
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.window_statistics import Sums, split_by_window, statistic_of, used_values

READ_TIMEOUT_S = 30.0
"""Time in seconds for some millions of values."""

_Part = tuple[Millis, WindowAggregate]
"""A partial aggregate of a window and the time of its first value. Parts of a window never overlap."""


async def aggregate_from_records(
    cassandra: Cassandra,
    stored: StoredDays,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    *,
    window: Window,
    offset_ms: int,
) -> list[WindowAggregate]:
    """Return a statistic of a name's values within the range per window, in order. `stored`: the schemas with the name.

    Memory holds a few pages of values, and a partial aggregate for each window, day and page. Raises InvalidInput for
    more text than an answer may have, and StoreUnavailable if not all values are read within `READ_TIMEOUT_S`.
    """
    sums = Sums() if aggregation in (Aggregation.SUM, Aggregation.MEAN) else None
    parts: list[_Part] = []
    texts = TextSize()

    async def aggregate_days(days: Sequence[int]) -> None:
        async for points in read_points(cassandra, device_id, days, time_range, stored.schemas, name):
            values = [(point.time, point.value) for point in points]
            for index, first, in_window in split_by_window(values, window, offset_ms):
                if not (used := used_values(aggregation, in_window)):
                    continue
                if sums is not None:
                    sums.add(index, used)
                    continue
                part = WindowAggregate(index, statistic_of(aggregation, used), len(used))
                texts.add(part.value)
                parts.append((points[first].time, part))

    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            await gather_bounded(partial(aggregate_days, some) for some in chunked(stored.days_within(time_range)))
    except TimeoutError as error:
        raise StoreUnavailable(STORE_NAME, f"not all values were read within {READ_TIMEOUT_S} s") from error
    return await _merge(aggregation, parts) if sums is None else sums.in_order()


def sum_overflowed(aggregate: WindowAggregate) -> bool:
    """Return whether a sum is not finite, though the values are: a plain addition of them overflows."""
    return isinstance(aggregate.value, float) and not math.isfinite(aggregate.value)


def clip_window(index: int, time_range: TimeRange, window: Window, offset_ms: int) -> TimeRange:
    """Return the part of a window that lies within the range."""
    start, end = bounds(time_range)
    first, following = (window.begin_of(at) - offset_ms for at in (index, index + 1))
    return TimeRange(Millis(max(start, first)), Millis(min(end, following)))


async def _merge(aggregation: Aggregation, parts: Sequence[_Part]) -> list[WindowAggregate]:
    time_slice = TimeSlice()
    merged = MergedWindows(aggregation)
    for _, aggregate in sorted(parts, key=lambda part: part[0]):
        merged.add(aggregate)
        await time_slice.pause()
    return merged.in_order()
