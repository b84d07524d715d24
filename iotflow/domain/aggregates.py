"""Statistics of a measurement over windows of time, and how partial ones combine."""

import math
from dataclasses import dataclass
from enum import StrEnum

from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_PAGE_BYTES, Value, text_bytes


class Aggregation(StrEnum):
    """What a caller may ask for."""

    MEAN = "mean"
    SUM = "sum"
    COUNT = "count"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"

    @property
    def numeric(self) -> bool:
        """Whether it leaves out booleans and strings."""
        return self in _NUMERIC


_NUMERIC = {Aggregation.MEAN, Aggregation.SUM, Aggregation.MIN, Aggregation.MAX}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One window's statistic: `index` counts windows of its width from the epoch (shifted by the offset asked with).

    For MEAN a store gives the sum as `value`, so that buckets of one window combine; `finished` divides. An infinity
    stands for a sum that no double holds. `count` is the number of values used and at least 1.
    """

    index: int
    value: Value
    count: int


class TextSize:
    """The bytes of texts among the windows of one answer."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, value: Value) -> None:
        """Count a window's value. Raises InvalidInput once the texts have more than `MAX_PAGE_BYTES` together."""
        if not isinstance(value, str):
            return
        self._bytes += text_bytes(value)
        if self._bytes > MAX_PAGE_BYTES:
            message = f"the windows' texts have more than {MAX_PAGE_BYTES} bytes together: ask for fewer windows"
            raise InvalidInput.at("query", "window", message=message)


def combined(aggregation: Aggregation, earlier: Bucket, later: Bucket) -> Bucket:
    """One bucket for a window of which each holds a part; `earlier`'s points all come before `later`'s."""
    count = earlier.count + later.count
    match aggregation:
        case Aggregation.FIRST:
            return Bucket(earlier.index, earlier.value, count)
        case Aggregation.LAST:
            return Bucket(earlier.index, later.value, count)
        case Aggregation.COUNT:
            return Bucket(earlier.index, count, count)
    first, second = _number(earlier.value), _number(later.value)
    match aggregation:
        case Aggregation.MIN:
            return Bucket(earlier.index, min(first, second), count)
        case Aggregation.MAX:
            return Bucket(earlier.index, max(first, second), count)
    return Bucket(earlier.index, float(first) + float(second), count)


def finished(aggregation: Aggregation, bucket: Bucket) -> Value:
    """The answer for a whole window. Raises OverflowError where no double holds its sum."""
    if aggregation not in (Aggregation.MEAN, Aggregation.SUM):
        return bucket.value
    total = float(_number(bucket.value))
    if not math.isfinite(total):
        raise OverflowError("the sum is beyond what a double holds")
    return total / bucket.count if aggregation is Aggregation.MEAN else total


def _number(value: Value) -> int | float:
    if isinstance(value, str):
        raise TypeError("a numeric aggregation has met a string")
    return value
