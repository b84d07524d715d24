"""Statistics per window of whole hours, put together from roll-ups, and from points where no hour fits."""

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import chain

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation, Bucket, TextSize, combined
from iotflow.domain.times import DAY_MS, Micros, Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.aggregates import aggregated
from iotflow.stores.cassandra.catalogue import FEW_DAYS, stored_days_of_name
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.days import bounds, days_within
from iotflow.stores.cassandra.hours import HOUR_MS, HOURS_PER_DAY, NO_HOURS, Hours, remainder, whole_hours
from iotflow.stores.cassandra.rollups import Rollups, closed_until
from iotflow.stores.cassandra.statistics import Statistics, bucket_of

_Part = tuple[Millis, Bucket]
"""What some of a window's values give it, all of them after what precedes this time and before what follows it."""


def worth_hours(span: Span, width_ms: int) -> bool:
    """Whether windows are whole hours, but for those that an offset cuts in two, and the span is long."""
    return width_ms % HOUR_MS == 0 and len(days_within(span)) > FEW_DAYS


async def aggregated_by_hours(
    cassandra: Cassandra,
    clock: Clock,
    retention_days: int,
    device_id: int,
    name: str,
    span: Span,
    aggregation: Aggregation,
    *,
    width_ms: int,
    offset_ms: int,
) -> list[Bucket]:
    """What `aggregated` gives, for what is worth it."""
    # Not a time of receipt: those do not go back with a clock that was ahead.
    began = Micros(clock.now() * 1_000)
    closed = Span(span.start, min(closed_until(began), bounds(span)[1]))
    from_points = partial(aggregated, cassandra, device_id, name, aggregation=aggregation)
    from_points = partial(from_points, width_ms=width_ms, offset_ms=offset_ms)
    days = await stored_days_of_name(cassandra, device_id, name, span)
    wanted = {day: hours for day in days if (hours := whole_hours(day, closed, width_ms, offset_ms)) != NO_HOURS}

    async def of_hours() -> list[_Part]:
        statistics = await Rollups(cassandra, device_id, name, retention_days, began).read(wanted)
        return list(_of_hours(wanted, statistics, aggregation, width_ms, offset_ms))

    async def of_points(part: Span) -> list[_Part]:
        return [(part.start, bucket) for bucket in await from_points(part)]

    rest = _joined(part for day in days for part in remainder(day, span, wanted.get(day, NO_HOURS)))
    reads: list[Callable[[], Awaitable[list[_Part]]]] = [of_hours, *(partial(of_points, part) for part in rest)]
    parts = chain.from_iterable(await in_parallel(reads))
    merged: dict[int, Bucket] = {}
    for _, bucket in sorted(parts, key=lambda part: part[0]):
        earlier = merged.get(bucket.index)
        merged[bucket.index] = bucket if earlier is None else combined(aggregation, earlier, bucket)
    for index, bucket in merged.items():
        if isinstance(bucket.value, float) and not math.isfinite(bucket.value):
            start, end = index * width_ms - offset_ms, (index + 1) * width_ms - offset_ms
            window = Span(Millis(max(span.start, start)), Millis(min(bounds(span)[1], end)))
            (merged[index],) = await from_points(window)
    texts = TextSize()
    for bucket in merged.values():
        texts.add(bucket.value)
    return [merged[index] for index in sorted(merged)]


def _of_hours(
    wanted: Mapping[int, Hours],
    statistics: Mapping[int, Mapping[int, Statistics]],
    aggregation: Aggregation,
    width_ms: int,
    offset_ms: int,
) -> Iterator[_Part]:
    """What hours give each window."""
    windows: dict[int, tuple[Millis, list[Statistics]]] = {}
    for day, hours in wanted.items():
        start, of_day = day * DAY_MS, statistics.get(day, {})
        hour = 0
        while hour < HOURS_PER_DAY:
            index = (start + hour * HOUR_MS + offset_ms) // width_ms
            # Of a window that ends within an hour this one is not wanted.
            end = min(HOURS_PER_DAY, -((start + offset_ms - (index + 1) * width_ms) // HOUR_MS))
            found = [at for at in range(hour, end) if at in of_day and hours >> at & 1]
            if found:
                time = Millis(start + found[0] * HOUR_MS)
                windows.setdefault(index, (time, []))[1].extend([of_day[at] for at in found])
            hour = end
    for index, (time, parts) in windows.items():
        if (bucket := bucket_of(index, parts, aggregation)) is not None:
            yield time, bucket


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    """The spans, those that meet as one."""
    before: Span | None = None
    for span in spans:
        if before is not None and before.end == span.start:
            before = Span(before.start, span.end)
            continue
        if before is not None:
            yield before
        before = span
    if before is not None:
        yield before
