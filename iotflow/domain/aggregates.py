"""Statistics of a measurement over windows of time, and the merge of partial ones."""

import math
from dataclasses import dataclass
from enum import StrEnum

from iotflow.domain.errors import InvalidInput
from iotflow.domain.partial_statistics import Number, Rises, Spread, merge_rises, merge_spreads, rise
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, MAX_PAGE_BYTES, Value, text_bytes


class Aggregation(StrEnum):
    """A statistic of the values in a window."""

    MEAN = "mean"
    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    STDDEV = "stddev"
    INCREASE = "increase"

    @property
    def numeric(self) -> bool:
        """Return whether the statistic uses numbers only and leaves out booleans and strings."""
        return self in _NUMERIC


_NUMERIC = set(Aggregation) - {Aggregation.COUNT, Aggregation.FIRST, Aggregation.LAST}


@dataclass(frozen=True, slots=True)
class WindowAggregate:
    """The statistic of one window, or of a part of it.

    - `index`: as `Window.index_at` numbers windows.
    - `value`: what parts of a window are merged by: for MEAN the sum, for STDDEV the spread, for INCREASE the rises
      within the part. `finalize` computes the statistic. An infinity is a sum beyond the range of a double.
    - `count` is the number of values used, at least 1.
    """

    index: int
    value: Value | Spread | Rises
    count: int


class TextSize:
    """A counter of the bytes of texts in one answer."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, value: object, instead_of: object = None) -> None:
        """Count a window's value. Raises InvalidInput when the texts exceed `MAX_PAGE_BYTES` together."""
        if isinstance(instead_of, str):
            self._bytes -= text_bytes(instead_of)
        if not isinstance(value, str):
            return
        self._bytes += text_bytes(value)
        if self._bytes > MAX_PAGE_BYTES:
            message = f"the windows' texts have more than {MAX_PAGE_BYTES} bytes together: ask for fewer windows"
            raise InvalidInput.at("query", "window", message=message)


class MergedWindows:
    """The aggregates of windows, merged from parts."""

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self._merged: dict[int, WindowAggregate] = {}
        self._texts = TextSize()

    def add(self, part: WindowAggregate) -> None:
        """Add a part of a window. All its points come after those of the window's parts before.

        Raises InvalidInput when the windows' texts exceed `MAX_PAGE_BYTES` together.
        """
        earlier = self._merged.get(part.index)
        merged = part if earlier is None else merge_aggregates(self._aggregation, earlier, part)
        self._texts.add(merged.value, instead_of=None if earlier is None else earlier.value)
        self._merged[part.index] = merged

    def in_order(self) -> list[WindowAggregate]:
        """Return the aggregate of each window, in order."""
        return [self._merged[index] for index in sorted(self._merged)]


def merge_aggregates(aggregation: Aggregation, earlier: WindowAggregate, later: WindowAggregate) -> WindowAggregate:
    """Return the aggregate of two parts of one window. All points of `earlier` come before those of `later`."""
    count = earlier.count + later.count
    return WindowAggregate(earlier.index, _merge_values(aggregation, earlier, later), count)


def _merge_values(aggregation: Aggregation, earlier: WindowAggregate, later: WindowAggregate) -> Value | Spread | Rises:
    match aggregation:
        case Aggregation.FIRST:
            return earlier.value
        case Aggregation.LAST:
            return later.value
        case Aggregation.COUNT:
            return earlier.count + later.count
        case Aggregation.STDDEV:
            return merge_spreads(_spread(earlier), earlier.count, _spread(later), later.count)
        case Aggregation.INCREASE:
            return merge_rises(_rises(earlier), _rises(later))
        case Aggregation.MIN:
            return min(_number(earlier), _number(later))
        case Aggregation.MAX:
            return max(_number(earlier), _number(later))
        case Aggregation.SUM | Aggregation.MEAN:
            return float(_number(earlier)) + float(_number(later))


def finalize(aggregation: Aggregation, found: WindowAggregate, before: WindowAggregate | None = None) -> Value:
    """Return the statistic of a whole window. `before`: the last window with values before it, which INCREASE uses.

    Raises OverflowError for a result beyond the range of a double, and for a mean whose sum is.
    """
    match aggregation:
        case Aggregation.SUM | Aggregation.MEAN:
            total = _require_finite(_number(found))
            return total / found.count if aggregation is Aggregation.MEAN else total
        case Aggregation.STDDEV:
            return _require_finite(_spread(found).deviation)
        case Aggregation.INCREASE:
            return _increase(_rises(found), None if before is None else _rises(before))
    assert not isinstance(found.value, Spread | Rises)
    return found.value


def _increase(rises: Rises, before: Rises | None) -> Number:
    total = rises.total if before is None else rises.total + rise(before.last, rises.first)
    if isinstance(total, int) and INTEGER_MIN <= total <= INTEGER_MAX:
        return total
    return _require_finite(total)


def _require_finite(number: Number) -> float:
    if not math.isfinite(number):
        raise OverflowError("aggregate: the result is beyond the range of a double")
    return float(number)


def _number(aggregate: WindowAggregate) -> Number:
    if not isinstance(aggregate.value, int | float):
        raise TypeError("aggregate: a numeric statistic of no number")
    return aggregate.value


def _spread(aggregate: WindowAggregate) -> Spread:
    if not isinstance(aggregate.value, Spread):
        raise TypeError("aggregate: a deviation without a spread")
    return aggregate.value


def _rises(aggregate: WindowAggregate) -> Rises:
    if not isinstance(aggregate.value, Rises):
        raise TypeError("aggregate: an increase without rises")
    return aggregate.value
