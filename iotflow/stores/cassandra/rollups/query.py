"""Aggregates over long ranges, answered from roll-ups, and from records where no whole hour fits."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import chain

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra.aggregates import aggregate_from_records, clip_window, sum_overflowed
from iotflow.stores.cassandra.encoding import bounds, days_within
from iotflow.stores.cassandra.rollups.cell import (
    HOUR_MS,
    HOURS_PER_DAY,
    NO_HOURS,
    Hours,
    RollupStatistics,
    uncovered_ranges,
    whole_hours,
    window_aggregate,
)
from iotflow.stores.cassandra.rollups.store import Rollups, closed_until
from iotflow.stores.cassandra.schema_catalogue import MAX_DAYS_WITHOUT_CATALOGUE, StoredDays
from iotflow.stores.cassandra.session import Cassandra

_Part = tuple[Millis, WindowAggregate]
"""A partial aggregate of a window and a time at or before its first value. Parts of a window never overlap."""


def can_use_rollups(time_range: TimeRange, window: Window) -> bool:
    """Return whether the range is long and its windows are whole hours, except for hours that an offset divides."""
    return window.step_ms % HOUR_MS == 0 and len(days_within(time_range)) > MAX_DAYS_WITHOUT_CATALOGUE


async def aggregate_from_rollups(
    cassandra: Cassandra,
    stored: StoredDays,
    clock: Clock,
    retention_days: int,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    *,
    window: Window,
    offset_ms: int,
) -> list[WindowAggregate]:
    """Return the same as `aggregate_from_records`, for a range and windows that `can_use_rollups`."""
    # Not `unique_now`: after a clock was ahead, it stays ahead, so hours would seem closed too early.
    began = Micros(clock.now() * 1_000)
    closed = TimeRange(time_range.start, min(closed_until(began), bounds(time_range)[1]))
    from_records = partial(aggregate_from_records, cassandra, stored, device_id, name, aggregation=aggregation)
    from_records = partial(from_records, window=window, offset_ms=offset_ms)
    days = stored.days_within(time_range)
    wanted = {day: hours for day in days if (hours := whole_hours(day, closed, window, offset_ms))}

    async def aggregate_hours() -> list[_Part]:
        statistics = await Rollups(cassandra, device_id, name, stored.schemas, retention_days, began).read(wanted)
        return list(_aggregate_hours(wanted, statistics, aggregation, window, offset_ms))

    async def aggregate_rest(part: TimeRange) -> list[_Part]:
        return [(part.start, aggregate) for aggregate in await from_records(part)]

    rest = _join_adjacent(part for day in days for part in uncovered_ranges(day, time_range, wanted.get(day, NO_HOURS)))
    reads: list[Callable[[], Awaitable[list[_Part]]]] = [
        aggregate_hours,
        *(partial(aggregate_rest, part) for part in rest),
    ]
    merged = MergedWindows(aggregation)
    for _, aggregate in sorted(chain.from_iterable(await gather_bounded(reads)), key=lambda part: part[0]):
        merged.add(aggregate)
    found: list[WindowAggregate] = []
    for aggregate in merged.in_order():
        if sum_overflowed(aggregate):
            found += await from_records(clip_window(aggregate.index, time_range, window, offset_ms))
        else:
            found.append(aggregate)
    return found


def _aggregate_hours(
    wanted: Mapping[int, Hours],
    statistics: Mapping[int, Mapping[int, RollupStatistics]],
    aggregation: Aggregation,
    window: Window,
    offset_ms: int,
) -> Iterator[_Part]:
    """Yield the aggregate of each window's wanted hours."""
    windows: dict[int, tuple[Millis, list[RollupStatistics]]] = {}
    for day, hours in wanted.items():
        start, of_day = day * DAY_MS, statistics.get(day, {})
        hour = 0
        while hour < HOURS_PER_DAY:
            index = window.index_at(start + hour * HOUR_MS + offset_ms)
            # If the window ends within an hour, this rounds up past that hour, which is never a wanted one.
            end = min(HOURS_PER_DAY, -((start + offset_ms - window.begin_of(index + 1)) // HOUR_MS))
            found = [at for at in range(hour, end) if at in of_day and at in hours]
            if found:
                time = Millis(start + found[0] * HOUR_MS)
                windows.setdefault(index, (time, []))[1].extend([of_day[at] for at in found])
            hour = end
    for index, (time, parts) in windows.items():
        if (aggregate := window_aggregate(index, parts, aggregation)) is not None:
            yield time, aggregate


def _join_adjacent(spans: Iterator[TimeRange]) -> Iterator[TimeRange]:
    """Yield the ranges, adjacent ones joined."""
    before: TimeRange | None = None
    for time_range in spans:
        if before is not None and before.end == time_range.start:
            before = TimeRange(before.start, time_range.end)
            continue
        if before is not None:
            yield before
        before = time_range
    if before is not None:
        yield before
