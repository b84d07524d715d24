"""Statistics of values of windows, which the telemetry stores compute from records."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import cast

from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate
from iotflow.domain.partial_statistics import Number, Rises, Spread, rises_of, spread_of
from iotflow.domain.telemetry import Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis

SCALE_BITS = 64
"""Values of a sum that overflows are divided by 2**64: there are fewer than 2**64 of them, so the scaled sum fits."""

Points = Sequence[tuple[Millis, Value]]
"""The values of one name in order of time."""


def split_by_window(points: Points, window: Window, offset_ms: int) -> Iterator[tuple[int, int, list[Value]]]:
    """Yield the index of each window, the position of its first point, and its values."""
    times = [time for time, _ in points]
    first = 0
    while first < len(points):
        index = window.index_at(times[first] + offset_ms)
        following = bisect_left(times, window.begin_of(index + 1) - offset_ms, first)
        yield index, first, [value for _, value in points[first:following]]
        first = following


def used_values(aggregation: Aggregation, values: Sequence[Value]) -> Sequence[Value]:
    """Return the values that a statistic uses."""
    return [v for v in values if type(v) is float or type(v) is int] if aggregation.numeric else values


def statistic_of(aggregation: Aggregation, values: Sequence[Value]) -> Value | Spread | Rises:
    """Return a statistic, but for sums, of at least one used value, in order of time."""
    match aggregation:
        case Aggregation.FIRST:
            return values[0]
        case Aggregation.LAST:
            return values[-1]
        case Aggregation.COUNT:
            return len(values)
    numbers = cast(Sequence[Number], values)
    match aggregation:
        case Aggregation.MIN:
            return min(numbers)
        case Aggregation.MAX:
            return max(numbers)
        case Aggregation.STDDEV:
            return spread_of(numbers)
        case _:
            return rises_of(numbers)


class MergedValues:
    """Statistics of windows, but for sums, merged from values and parts in order of time."""

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self._merged = MergedWindows(aggregation)

    def add(self, index: int, values: Sequence[Value]) -> None:
        """Add values of a window. All of them come after those before."""
        self._merged.add(WindowAggregate(index, statistic_of(self._aggregation, values), len(values)))

    def add_part(self, part: WindowAggregate) -> None:
        """Add the statistic of a part of a window. Its values come after those before."""
        self._merged.add(part)

    def in_order(self) -> list[WindowAggregate]:
        return self._merged.in_order()


class Sums:
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

    def add_part(self, part: WindowAggregate) -> None:
        """Add the sum of a part of a window."""
        self._counts[part.index] = self._counts.get(part.index, 0) + part.count
        self._parts.setdefault(part.index, []).append(float(cast(Number, part.value)))

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
