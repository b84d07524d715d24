"""Statistics of a measurement over windows of time, and the merge of partial ones."""

import math
from dataclasses import dataclass
from enum import StrEnum

from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_PAGE_BYTES, Value, text_bytes


class Aggregation(StrEnum):
    """A statistic of the values in a window."""

    MEAN = "mean"
    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"

    @property
    def numeric(self) -> bool:
        """Return whether the statistic uses numbers only and leaves out booleans and strings."""
        return self in _NUMERIC


_NUMERIC = {Aggregation.MEAN, Aggregation.SUM, Aggregation.MIN, Aggregation.MAX}


@dataclass(frozen=True, slots=True)
class WindowAggregate:
    """The statistic of one window, or of a part of it.

    - `index` counts windows of one width from the epoch, shifted by the offset of the query.
    - `value`: for MEAN the sum, so that parts of a window can be merged; `finalize` divides. An infinity is a sum
      beyond the range of a double.
    - `count` is the number of values used, at least 1.
    """

    index: int
    value: Value
    count: int


class TextSize:
    """A counter of the bytes of texts in one answer."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, value: Value) -> None:
        """Count a window's value. Raises InvalidInput when the texts exceed `MAX_PAGE_BYTES` together."""
        if not isinstance(value, str):
            return
        self._bytes += text_bytes(value)
        if self._bytes > MAX_PAGE_BYTES:
            message = f"the windows' texts have more than {MAX_PAGE_BYTES} bytes together: ask for fewer windows"
            raise InvalidInput.at("query", "window", message=message)


def merge_aggregates(aggregation: Aggregation, earlier: WindowAggregate, later: WindowAggregate) -> WindowAggregate:
    """Return the aggregate of two parts of one window. All points of `earlier` come before those of `later`."""
    count = earlier.count + later.count
    match aggregation:
        case Aggregation.FIRST:
            return WindowAggregate(earlier.index, earlier.value, count)
        case Aggregation.LAST:
            return WindowAggregate(earlier.index, later.value, count)
        case Aggregation.COUNT:
            return WindowAggregate(earlier.index, count, count)
    first, second = _number(earlier.value), _number(later.value)
    match aggregation:
        case Aggregation.MIN:
            return WindowAggregate(earlier.index, min(first, second), count)
        case Aggregation.MAX:
            return WindowAggregate(earlier.index, max(first, second), count)
    return WindowAggregate(earlier.index, float(first) + float(second), count)


def finalize(aggregation: Aggregation, found: WindowAggregate) -> Value:
    """Return the value of a whole window. Raises OverflowError for a sum beyond the range of a double."""
    if aggregation not in (Aggregation.MEAN, Aggregation.SUM):
        return found.value
    total = float(_number(found.value))
    if not math.isfinite(total):
        raise OverflowError("aggregate: the sum is beyond the range of a double")
    return total / found.count if aggregation is Aggregation.MEAN else total


def _number(value: Value) -> int | float:
    if isinstance(value, str):
        raise TypeError("aggregate: a numeric statistic of a string")
    return value
