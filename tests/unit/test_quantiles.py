"""Exact quantiles against the standard library."""

import statistics
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain import quantiles
from iotflow.domain.quantiles import SortedRuns, interpolate, position_of

NUMBERS = st.floats(-1e6, 1e6) | st.integers(-(2**53), 2**53)


def percentile(numbers: list[float], percent: int) -> float:
    runs = SortedRuns()
    for number in numbers:
        runs.add(number)
    in_order = [*runs.in_order()]
    first, hundredths = position_of(percent, runs.count)
    return interpolate(in_order[first], in_order[min(first + 1, len(in_order) - 1)], hundredths)


@pytest.fixture(autouse=True, scope="module")
def _short_runs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantiles, "RUN_LENGTH", 4)
        yield


@given(st.lists(NUMBERS, min_size=2, max_size=60))
def test_percentiles_are_those_of_the_standard_library(numbers: list[float]) -> None:
    expected = statistics.quantiles(numbers, n=100, method="inclusive")
    for percent in (50, 95, 99):
        found = percentile(numbers, percent)
        assert found == pytest.approx(expected[percent - 1], rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("percent", [50, 95, 99])
def test_the_percentiles_of_one_number_are_itself(percent: int) -> None:
    assert percentile([2.5], percent) == 2.5


def test_the_difference_of_neighbours_may_overflow() -> None:
    assert percentile([-1.7e308, 1.7e308], 50) == 0.0
