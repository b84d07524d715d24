"""Statistics of each name of a sealed block, from which windows that hold the whole block are computed."""

import math
from collections.abc import Sequence
from typing import cast

import msgspec

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.partial_statistics import Number, Rises, Spread, rises_of, spread_of
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, Value
from iotflow.stores.record_encoding import Measurements
from iotflow.stores.sql.tables import CorruptRow

MAX_TEXT_LENGTH = 64
"""The first and the last text of a name with longer ones are read from the block."""


class NumberStatistics(msgspec.Struct, array_like=True, frozen=True):
    """Statistics of at least one number."""

    count: int
    first: int | float
    last: int | float
    minimum: int | float
    maximum: int | float
    total: float
    mean: float
    deviation: float
    rises: int | float


class NameStatistics(msgspec.Struct, array_like=True, frozen=True):
    """Statistics of the values of one name. `first`, `last` None: those of `numbers`."""

    count: int
    numbers: NumberStatistics | None
    first: bool | int | float | str | None = None
    last: bool | int | float | str | None = None

    def part(self, aggregation: Aggregation) -> tuple[Value | Spread | Rises, int] | None:
        """Return the statistic and the number of values that it uses, as parts of a window are merged by."""
        numbers = self.numbers
        match aggregation:
            case Aggregation.COUNT:
                return self.count, self.count
            case Aggregation.FIRST:
                return cast(
                    Value, self.first if numbers is None or self.first is not None else numbers.first
                ), self.count
            case Aggregation.LAST:
                return cast(Value, self.last if numbers is None or self.last is not None else numbers.last), self.count
        return None if numbers is None else (_of_numbers(numbers, aggregation), numbers.count)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[NameStatistics | None]).decode


def pack_statistics(measurements: Sequence[Measurements]) -> bytes:
    """Return the statistics of each name of a block's measurements."""
    return _encode([_statistics_of(column) for column in zip(*measurements, strict=True)])


def unpack_statistics(packed: bytes, position: int) -> NameStatistics | None:
    """Return the statistics of the name at this position; None if only its values give them. Raises CorruptRow."""
    try:
        return _decode(packed)[position]
    except (msgspec.MsgspecError, IndexError) as error:
        problem = f"telemetry_blocks: a row holds no statistics: {error}"
        raise CorruptRow(f"{problem}; delete it, or restore the table from a backup") from error


def _statistics_of(values: Sequence[Value]) -> NameStatistics | None:
    numbers = [value for value in values if type(value) is float or type(value) is int]
    first, last = values[0], values[-1]
    if any(isinstance(value, str) and len(value) > MAX_TEXT_LENGTH for value in (first, last)):
        return None
    found = None
    if numbers:
        try:
            found = _statistics_of_numbers(numbers)
        except OverflowError:
            return None
        if not INTEGER_MIN <= found.rises <= INTEGER_MAX and isinstance(found.rises, int):
            return None
    if len(numbers) == len(values):
        return NameStatistics(len(values), found)
    return NameStatistics(len(values), found, first, last)


def _statistics_of_numbers(numbers: Sequence[Number]) -> NumberStatistics:
    spread, rises = spread_of(numbers), rises_of(numbers)
    return NumberStatistics(
        count=len(numbers),
        first=numbers[0],
        last=numbers[-1],
        minimum=min(numbers),
        maximum=max(numbers),
        total=math.fsum(numbers),
        mean=spread.mean,
        deviation=spread.deviation,
        rises=rises.total,
    )


def _of_numbers(numbers: NumberStatistics, aggregation: Aggregation) -> Value | Spread | Rises:
    match aggregation:
        case Aggregation.MIN:
            return numbers.minimum
        case Aggregation.MAX:
            return numbers.maximum
        case Aggregation.STDDEV:
            return Spread(numbers.mean, numbers.deviation)
        case Aggregation.INCREASE:
            return Rises(numbers.first, numbers.last, numbers.rises)
    return numbers.total
