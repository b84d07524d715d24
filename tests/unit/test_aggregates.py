"""How partial statistics combine to whole ones."""

import math
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation, Bucket, combined, finished
from iotflow.domain.telemetry import Value

NUMERIC = {Aggregation.MEAN, Aggregation.SUM, Aggregation.MIN, Aggregation.MAX}

# Multiples of a quarter: their sums are exact, in whatever order.
numbers = st.one_of(st.integers(-1_000, 1_000), st.integers(-4_000, 4_000).map(lambda quarters: quarters / 4))
values = st.one_of(numbers, st.booleans(), st.text(max_size=3))


def bucket_of(aggregation: Aggregation, held: Sequence[Value]) -> Bucket:
    """What a store gives for a window that holds these values, in order of time."""
    summed = [value for value in held if isinstance(value, int | float)]
    of: dict[Aggregation, Value] = {
        Aggregation.COUNT: len(held),
        Aggregation.FIRST: held[0],
        Aggregation.LAST: held[-1],
    }
    if aggregation in NUMERIC:
        total = math.fsum(summed)
        of |= {Aggregation.SUM: total, Aggregation.MEAN: total}
        of |= {Aggregation.MIN: min(summed), Aggregation.MAX: max(summed)}
    return Bucket(7, of[aggregation], len(held))


@pytest.mark.parametrize("aggregation", Aggregation)
@given(data=st.data())
def test_parts_combine_to_the_whole(aggregation: Aggregation, data: st.DataObject) -> None:
    held = data.draw(st.lists(numbers if aggregation.numeric else values, min_size=2, max_size=12))
    cuts = data.draw(st.sets(st.integers(1, len(held) - 1), min_size=1))
    bounds = [0, *sorted(cuts), len(held)]
    parts = [bucket_of(aggregation, held[low:high]) for low, high in pairwise(bounds)]
    whole = bucket_of(aggregation, held)
    joined = reduce(lambda earlier, later: combined(aggregation, earlier, later), parts)
    assert joined == whole
    assert type(finished(aggregation, joined)) is type(finished(aggregation, whole))
    assert finished(aggregation, joined) == finished(aggregation, whole)


def test_a_mean_is_the_sum_over_the_count() -> None:
    assert finished(Aggregation.MEAN, Bucket(0, 7.0, 2)) == 3.5
    assert finished(Aggregation.SUM, Bucket(0, 7.0, 2)) == 7.0


@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.MEAN])
@pytest.mark.parametrize("total", [math.inf, -math.inf, math.nan])
def test_a_sum_that_no_double_holds_is_an_error(aggregation: Aggregation, total: float) -> None:
    with pytest.raises(OverflowError):
        finished(aggregation, Bucket(0, total, 2))


def test_parts_whose_sum_overflows_are_an_error_too() -> None:
    joined = combined(Aggregation.SUM, Bucket(0, 1.7e308, 1), Bucket(0, 1.7e308, 1))
    with pytest.raises(OverflowError):
        finished(Aggregation.SUM, joined)


@pytest.mark.parametrize("order", [1, -1])
def test_extremes_are_compared_exactly(order: int) -> None:
    earlier, later = [Bucket(0, 2**53 + 1, 1), Bucket(0, 2.0**53, 1)][::order]
    largest, smallest = combined(Aggregation.MAX, earlier, later), combined(Aggregation.MIN, earlier, later)
    assert (largest.value, type(largest.value)) == (2**53 + 1, int)
    assert (smallest.value, type(smallest.value)) == (2.0**53, float)


@pytest.mark.parametrize("value", [True, "text", 1, 1.0])
@pytest.mark.parametrize("aggregation", [Aggregation.FIRST, Aggregation.LAST])
def test_ends_keep_the_type_of_their_value(aggregation: Aggregation, value: Value) -> None:
    ends = [Bucket(0, value, 2), Bucket(0, 0, 3)]
    joined = combined(aggregation, *(ends if aggregation is Aggregation.FIRST else ends[::-1]))
    assert (finished(aggregation, joined), type(joined.value), joined.count) == (value, type(value), 5)


def test_numeric_statistics_are_those_of_numbers() -> None:
    assert {aggregation for aggregation in Aggregation if aggregation.numeric} == NUMERIC
    with pytest.raises(TypeError):
        combined(Aggregation.MAX, Bucket(0, "a", 1), Bucket(0, 1, 1))
