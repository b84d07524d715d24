"""Statistics of a name's values, kept so that those of neighbouring times combine to those of the whole."""

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.telemetry import Value

Number = int | float


class Statistics(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all aggregations need of some values of one name, at least one, in order of time.

    `numbers` counts those that are neither boolean nor string; `total`, `least` and `greatest` are theirs. A total is
    rounded once; where no double holds it, it is an integer.
    """

    count: int
    first: Value
    last: Value
    numbers: int
    total: Number
    least: Number | None
    greatest: Number | None


def statistics(values: Sequence[Value]) -> Statistics:
    """Of values in order of time."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return Statistics(
        count=len(values),
        first=values[0],
        last=values[-1],
        numbers=len(numbers),
        total=_total(numbers),
        least=min(numbers, default=None),
        greatest=max(numbers, default=None),
    )


def window(index: int, parts: Sequence[Statistics], aggregation: Aggregation) -> Bucket | None:
    """The bucket of a window from its parts in order of time; None where none of its values is used."""
    count = sum([part.numbers if aggregation.numeric else part.count for part in parts])
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
            total = _total([part.total for part in parts])
            value = total if isinstance(total, float) else (math.inf if total > 0 else -math.inf)
    return Bucket(index, value, count)


def _total(numbers: Sequence[Number]) -> Number:
    """The exact sum, rounded once: a double, or an integer where no double holds it."""
    try:
        return math.fsum(numbers)
    except OverflowError:  # of the sum, or of a part of it that the rest takes back
        total = sum(map(Fraction, numbers))
    try:
        return float(total)
    except OverflowError:
        return round(total)
