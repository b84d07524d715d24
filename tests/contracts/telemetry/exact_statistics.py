"""Exact statistics of values, in fractions, to compare aggregates with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.partial_statistics import Number, Rises, Spread
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import exactly

LARGEST = 1.7976931348623157e308
BEYOND = Fraction(2) ** 1024
EXTREME_NUMBERS = [0.0, 1e308, -1e308, 5e-324, 1e-300, -1e-300, 2.0**53, 2**53 + 1, INTEGER_MIN, INTEGER_MAX, 1e16]
VALUES = st.one_of(
    st.integers(-3, 3),
    st.floats(-100, 100),
    st.sampled_from(EXTREME_NUMBERS),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(INTEGER_MIN, INTEGER_MAX),
    st.booleans(),
    st.sampled_from(["", "a", "b"]),
)


@dataclass(frozen=True)
class Point:
    time: Millis
    value: Value


def numeric(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def assert_statistic(aggregation: Aggregation, bucket: WindowAggregate, values: Sequence[Value]) -> None:
    """Check a bucket against the values of its window, which are in order of time."""
    assert bucket.count == len(values)
    match aggregation:
        case Aggregation.COUNT:
            assert bucket.value == len(values)
        case Aggregation.FIRST | Aggregation.LAST:
            wanted = values[0 if aggregation is Aggregation.FIRST else -1]
            assert not isinstance(bucket.value, Spread | Rises)
            assert exactly(bucket.value) == exactly(wanted)
        case Aggregation.MIN | Aggregation.MAX:
            numbers = [value for value in values if isinstance(value, int | float)]
            extreme = min(numbers) if aggregation is Aggregation.MIN else max(numbers)
            # Of equal numbers such as 1 and 1.0, a store may return either.
            assert bucket.value == extreme
            assert type(bucket.value) in {type(value) for value in numbers if value == extreme}
        case Aggregation.STDDEV:
            assert isinstance(bucket.value, Spread)
            assert_deviation(bucket.value.deviation, [value for value in values if isinstance(value, int | float)])
        case Aggregation.INCREASE:
            assert isinstance(bucket.value, Rises)
            assert_rises(bucket.value, [value for value in values if isinstance(value, int | float)])
        case _:
            assert isinstance(bucket.value, float)
            assert_sum(bucket.value, [Fraction(value) for value in values if isinstance(value, int | float)])


def assert_deviation(deviation: float, values: Sequence[Number]) -> None:
    """Check a standard deviation of doubles; beside 1e-9 of it, a rounding of the largest value is allowed."""
    doubles = [Fraction(float(value)) for value in values]
    mean = sum(doubles, Fraction()) / len(doubles)
    variance = sum(((value - mean) * (value - mean) for value in doubles), Fraction()) / len(doubles)
    exact = Context(prec=40)
    right = exact.divide(Decimal(variance.numerator), Decimal(variance.denominator)).sqrt(exact)
    rounding = max(abs(value) for value in doubles) / 10**15 + Fraction(5e-324)
    assert math.isfinite(deviation)
    assert deviation >= 0
    assert abs(Fraction(deviation) - Fraction(right)) <= Fraction(right) / 10**9 + rounding


def assert_rises(found: Rises, values: Sequence[Number]) -> None:
    assert (exactly(found.first), exactly(found.last)) == (exactly(values[0]), exactly(values[-1]))
    if all(isinstance(value, int) for value in values):
        assert exactly(found.total) == exactly(int(sum(risen(*pair) for pair in pairwise(values))))
    else:
        assert isinstance(found.total, float)
        rises = [Fraction(risen(*pair)) for pair in pairwise(values)]
        if math.isfinite(found.total):
            assert_sum(found.total, rises)
        else:
            assert sum(map(abs, rises)) >= BEYOND * (1 - Fraction(1, 10**12))


def risen(earlier: Number, later: Number) -> Fraction | int:
    """Return the exact rise between neighbours. An integer beside a decimal counts as a double."""
    if isinstance(earlier, int) and isinstance(later, int):
        return later - earlier if later >= earlier else later
    before, after = Fraction(float(earlier)), Fraction(float(later))
    return after - before if after >= before else after


def assert_sum(total: float, values: Sequence[Fraction]) -> None:
    exact, magnitude = sum(values, Fraction()), sum((abs(value) for value in values), Fraction())
    tolerance = magnitude / 10**12
    if math.isinf(total):
        assert abs(exact) + tolerance >= BEYOND, "the sum fits into a double"
        assert (total > 0) == (exact > 0)
    else:
        assert abs(Fraction(total) - exact) <= tolerance


async def assert_aggregates(
    telemetry: TelemetryRepository,
    device: int,
    points: Sequence[Point],
    time_range: TimeRange,
    window: Window,
    offset_ms: int,
    aggregations: Sequence[Aggregation] = tuple(Aggregation),
) -> None:
    for aggregation in aggregations:
        windows: dict[int, list[Value]] = {}
        for point in sorted(points, key=lambda point: point.time):
            if point.time in time_range and (numeric(point.value) or not aggregation.numeric):
                windows.setdefault(window.index_at(point.time + offset_ms), []).append(point.value)
        buckets = await telemetry.aggregate(device, "x", time_range, aggregation, window=window, offset_ms=offset_ms)
        assert [bucket.index for bucket in buckets] == sorted(windows)
        for bucket in buckets:
            assert_statistic(aggregation, bucket, windows[bucket.index])
