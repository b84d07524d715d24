"""Statistics of a name's values, kept so that those of neighbouring times combine to those of the whole."""

import math
from collections.abc import Sequence

import msgspec

from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.telemetry import Value

Number = int | float


class Statistics(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all aggregations need of some values of one name, at least one, in order of time.

    `numbers` counts those that are neither boolean nor string; `total`, `least` and `greatest` are theirs. A total that
    overflowed while it was added up is not finite, though a double may hold the sum.
    """

    count: int
    first: Value
    last: Value
    numbers: int
    total: float
    least: Number | None
    greatest: Number | None


def bucket_of(index: int, parts: Sequence[Statistics], aggregation: Aggregation) -> Bucket | None:
    """The bucket of a window from its parts in order of time; None where none of its values is used.

    A sum that is not finite has overflowed on the way and tells nothing.
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
    return Bucket(index, value, count)


def _sum(totals: Sequence[float]) -> float:
    try:
        return math.fsum(totals)
    except (OverflowError, ValueError):  # of the sum or a part of it; of infinities of both signs
        return math.nan
