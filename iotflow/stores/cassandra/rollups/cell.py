"""The roll-ups of one name in one UTC day: their hours, their statistics, and the encoding of both in one cell."""

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import msgspec

from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.partial_statistics import Number
from iotflow.domain.telemetry import Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Millis, TimeRange

HOUR_MS = 3_600_000
HOURS_PER_DAY = DAY_MS // HOUR_MS

Hours = Set[int]
"""Hours of a day, 0 to 23."""

NO_HOURS: frozenset[int] = frozenset()

ROLLED_UP = frozenset(Aggregation) - {Aggregation.STDDEV, Aggregation.INCREASE}
"""The aggregations that roll-ups serve."""


class RollupStatistics(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Mergeable statistics of some values of one name, at least one, in order of time.

    They serve all aggregations but STDDEV and INCREASE. `numbers` counts the values that are neither boolean nor text;
    `total`, `least` and `greatest` are of these. A total that overflowed on the way is not finite, though a double may
    hold the sum.
    """

    count: int
    first: Value
    last: Value
    numbers: int
    total: float
    least: Number | None
    greatest: Number | None


@dataclass(frozen=True, slots=True)
class RollupCell:
    """The roll-ups of one name's hours in one day. A covered hour without statistics has no values."""

    covered: Hours
    statistics: Mapping[int, RollupStatistics]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, dict[int, RollupStatistics]])


def pack(cell: RollupCell) -> bytes:
    """Encode a cell: an array of the covered hours as bits, hour 0 the lowest, and of the statistics by hour."""
    return _encoder.encode((sum(1 << hour for hour in cell.covered), cell.statistics))


def unpack(data: bytes) -> RollupCell:
    """Decode a cell that `pack` encoded."""
    bits, statistics = _decoder.decode(data)
    return RollupCell(frozenset(hour for hour in range(HOURS_PER_DAY) if bits >> hour & 1), statistics)


def window_aggregate(index: int, parts: Sequence[RollupStatistics], aggregation: Aggregation) -> WindowAggregate | None:
    """Merge a window's parts, given in order of time; None if the aggregation uses none of their values.

    A sum that is not finite has overflowed on the way and must not be used. Raises ValueError for an aggregation that
    needs the records.
    """
    count = sum([part.numbers for part in parts] if aggregation.numeric else [part.count for part in parts])
    if count == 0:
        return None
    value: Value
    match aggregation:
        case Aggregation.COUNT:
            value = count
        case Aggregation.FIRST:
            value = parts[0].first
        case Aggregation.LAST:
            value = parts[-1].last
        case Aggregation.MIN:
            value = min([part.least for part in parts if part.least is not None])
        case Aggregation.MAX:
            value = max([part.greatest for part in parts if part.greatest is not None])
        case Aggregation.SUM | Aggregation.MEAN:
            value = _sum([part.total for part in parts])
        case Aggregation.STDDEV | Aggregation.INCREASE:
            raise ValueError(f"roll-ups: no {aggregation}; compute it from the records")
    return WindowAggregate(index, value, count)


def whole_hours(day: int, time_range: TimeRange, window: Window, offset_ms: int) -> frozenset[int]:
    """Return the hours of a day that lie entirely within a range and within one window; days count from the epoch.

    Local times are `offset_ms` ahead.
    """
    start = day * DAY_MS
    end = start + DAY_MS if time_range.end is None else min(start + DAY_MS, time_range.end)
    first = max(0, -((start - time_range.start) // HOUR_MS))
    last = (end - start) // HOUR_MS
    boundaries = [boundary - start for boundary in _window_begins(start, end, window, offset_ms)]
    divided = [boundary // HOUR_MS for boundary in boundaries if boundary % HOUR_MS]
    return frozenset(range(first, last)).difference(divided)


def _window_begins(start: int, end: int, window: Window, offset_ms: int) -> Iterator[int]:
    """Yield the times after `start` and before `end` at which windows begin."""
    index = window.index_at(start + offset_ms) + 1
    while (begin := window.begin_of(index) - offset_ms) < end:
        yield begin
        index += 1


def consecutive_ranges(hours: Hours) -> Iterator[range]:
    """Yield the hours as ranges of consecutive ones, in order."""
    first = 0
    for hour in sorted(hours):
        if hour - 1 not in hours:
            first = hour
        if hour + 1 not in hours:
            yield range(first, hour + 1)


def uncovered_ranges(day: int, time_range: TimeRange, hours: Hours) -> Iterator[TimeRange]:
    """Yield the parts of the day that lie within the range and in none of the hours, in order."""
    start = day * DAY_MS
    reached = max(start, time_range.start)
    end = start + DAY_MS if time_range.end is None else min(start + DAY_MS, time_range.end)
    for covered in consecutive_ranges(hours):
        covered_from = start + covered.start * HOUR_MS
        if reached < covered_from:
            yield TimeRange(Millis(reached), Millis(covered_from))
        reached = start + covered.stop * HOUR_MS
    if reached < end:
        yield TimeRange(Millis(reached), Millis(end))


def _sum(totals: Sequence[float]) -> float:
    try:
        return math.fsum(totals)
    except (OverflowError, ValueError):  # the sum overflows, or infinities of both signs meet
        return math.nan
