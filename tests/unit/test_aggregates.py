"""Merging of partial aggregates."""

import math
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation, MergedWindows, WindowAggregate, finalize, merge_aggregates
from iotflow.domain.errors import InvalidInput
from iotflow.domain.partial_statistics import Rises, Spread, rises_of, spread_of
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, MAX_PAGE_BYTES, Value
from tests.contracts.telemetry.exact_statistics import LARGEST, assert_statistic

NUMERIC = {
    Aggregation.MEAN,
    Aggregation.SUM,
    Aggregation.MIN,
    Aggregation.MAX,
    Aggregation.STDDEV,
    Aggregation.INCREASE,
}

# Multiples of a quarter: their sums are exact in any order.
numbers = st.one_of(st.integers(-1_000, 1_000), st.integers(-4_000, 4_000).map(lambda quarters: quarters / 4))
values = st.one_of(numbers, st.booleans(), st.text(max_size=3))


def bucket_of(aggregation: Aggregation, held: Sequence[Value]) -> WindowAggregate:
    """Return the aggregate of a store for a window with these values, in order of time."""
    summed = [value for value in held if isinstance(value, int | float)]
    of: dict[Aggregation, Value | Spread | Rises] = {
        Aggregation.COUNT: len(held),
        Aggregation.FIRST: held[0],
        Aggregation.LAST: held[-1],
    }
    if aggregation in NUMERIC:
        total = math.fsum(summed)
        of |= {Aggregation.SUM: total, Aggregation.MEAN: total}
        of |= {Aggregation.MIN: min(summed), Aggregation.MAX: max(summed)}
        of |= {Aggregation.STDDEV: spread_of(summed), Aggregation.INCREASE: rises_of(summed)}
    return WindowAggregate(7, of[aggregation], len(held))


@pytest.mark.parametrize("aggregation", Aggregation)
@given(data=st.data())
def test_parts_combine_to_the_whole(aggregation: Aggregation, data: st.DataObject) -> None:
    held = data.draw(st.lists(numbers if aggregation.numeric else values, min_size=2, max_size=12))
    cuts = data.draw(st.sets(st.integers(1, len(held) - 1), min_size=1))
    bounds = [0, *sorted(cuts), len(held)]
    parts = [bucket_of(aggregation, held[low:high]) for low, high in pairwise(bounds)]
    whole = bucket_of(aggregation, held)
    joined = reduce(lambda earlier, later: merge_aggregates(aggregation, earlier, later), parts)
    assert (joined.index, joined.count) == (whole.index, whole.count)
    statistic, expected = finalize(aggregation, joined), finalize(aggregation, whole)
    assert type(statistic) is type(expected)
    if aggregation is Aggregation.STDDEV:
        assert statistic == pytest.approx(expected, rel=1e-12, abs=1e-12)
    else:
        assert (statistic, joined) == (expected, whole)


def test_a_mean_is_the_sum_over_the_count() -> None:
    assert finalize(Aggregation.MEAN, WindowAggregate(0, 7.0, 2)) == 3.5
    assert finalize(Aggregation.SUM, WindowAggregate(0, 7.0, 2)) == 7.0


@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.MEAN])
@pytest.mark.parametrize("total", [math.inf, -math.inf, math.nan])
def test_a_sum_beyond_the_largest_double_is_an_error(aggregation: Aggregation, total: float) -> None:
    with pytest.raises(OverflowError):
        finalize(aggregation, WindowAggregate(0, total, 2))


def test_parts_whose_sum_overflows_are_an_error_too() -> None:
    joined = merge_aggregates(Aggregation.SUM, WindowAggregate(0, 1.7e308, 1), WindowAggregate(0, 1.7e308, 1))
    with pytest.raises(OverflowError):
        finalize(Aggregation.SUM, joined)


@pytest.mark.parametrize("order", [1, -1])
def test_extremes_are_compared_exactly(order: int) -> None:
    earlier, later = [WindowAggregate(0, 2**53 + 1, 1), WindowAggregate(0, 2.0**53, 1)][::order]
    largest, smallest = (
        merge_aggregates(Aggregation.MAX, earlier, later),
        merge_aggregates(Aggregation.MIN, earlier, later),
    )
    assert (largest.value, type(largest.value)) == (2**53 + 1, int)
    assert (smallest.value, type(smallest.value)) == (2.0**53, float)


@pytest.mark.parametrize("value", [True, "text", 1, 1.0])
@pytest.mark.parametrize("aggregation", [Aggregation.FIRST, Aggregation.LAST])
def test_ends_keep_the_type_of_their_value(aggregation: Aggregation, value: Value) -> None:
    ends = [WindowAggregate(0, value, 2), WindowAggregate(0, 0, 3)]
    joined = merge_aggregates(aggregation, *(ends if aggregation is Aggregation.FIRST else ends[::-1]))
    assert (finalize(aggregation, joined), type(joined.value), joined.count) == (value, type(value), 5)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(INTEGER_MIN, INTEGER_MAX), min_size=1))
@example([1e308, -1e308])
@example([5e-324])
@example([LARGEST, LARGEST, 1.0])
def test_spreads_of_single_numbers_merge_to_that_of_all(held: list[int | float]) -> None:
    parts = [WindowAggregate(0, spread_of([number]), 1) for number in held]
    joined = reduce(lambda earlier, later: merge_aggregates(Aggregation.STDDEV, earlier, later), parts)
    assert_statistic(Aggregation.STDDEV, joined, held)
    assert_statistic(Aggregation.STDDEV, WindowAggregate(0, spread_of(held), len(held)), held)


@pytest.mark.parametrize(
    ("held", "increases"),
    [
        ([[5, 7], [9], [4, 4]], [2, 2, 4]),
        ([[1, 2], [2.5], [3, 5]], [1, 0.5, 2.5]),
        ([[0, 2**62], [0, 2**62], [0, 2**62], [0]], [2**62, 2**62, 2**62, 0]),
        ([[INTEGER_MIN, INTEGER_MAX], [INTEGER_MIN], [INTEGER_MAX]], [2.0**64, INTEGER_MIN, 2.0**64]),
    ],
)
def test_a_rise_between_windows_belongs_to_the_later_one(
    held: list[list[int | float]], increases: list[int | float]
) -> None:
    windows = [WindowAggregate(index, rises_of(numbers), len(numbers)) for index, numbers in enumerate(held)]
    found = [finalize(Aggregation.INCREASE, now, before) for before, now in pairwise([None, *windows]) if now]
    assert [(value, type(value)) for value in found] == [(value, type(value)) for value in increases]


def test_an_increase_beyond_the_largest_double_is_an_error() -> None:
    with pytest.raises(OverflowError):
        finalize(Aggregation.INCREASE, WindowAggregate(0, rises_of([-LARGEST, LARGEST]), 2))
    windows = [WindowAggregate(index, rises_of([value]), 1) for index, value in enumerate([-LARGEST, LARGEST])]
    assert finalize(Aggregation.INCREASE, windows[1]) == 0
    with pytest.raises(OverflowError):
        finalize(Aggregation.INCREASE, windows[1], windows[0])


def test_texts_that_a_later_part_replaces_do_not_count() -> None:
    text = "x" * 4_096
    merged = MergedWindows(Aggregation.LAST)
    for _ in range(2 * MAX_PAGE_BYTES // len(text)):
        merged.add(WindowAggregate(0, text, 1))
    for index in range(1, MAX_PAGE_BYTES // len(text)):
        merged.add(WindowAggregate(index, text, 1))
    with pytest.raises(InvalidInput, match=str(MAX_PAGE_BYTES)):
        merged.add(WindowAggregate(-1, text, 1))


def test_numeric_statistics_are_those_of_numbers() -> None:
    assert {aggregation for aggregation in Aggregation if aggregation.numeric} == NUMERIC
    with pytest.raises(TypeError):
        merge_aggregates(Aggregation.MAX, WindowAggregate(0, "a", 1), WindowAggregate(0, 1, 1))
