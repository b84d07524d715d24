"""Statistics of parts merge to the statistics of the whole."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import Value
from iotflow.stores.cassandra.rollups.cell import ROLLED_UP, RollupStatistics, window_aggregate
from tests.contracts.telemetry.exact_statistics import VALUES, assert_statistic, numeric

LARGEST = 1.7976931348623157e308


def statistics(values: Sequence[Value]) -> RollupStatistics:
    """Return statistics of values in order of time, as Cassandra returns them: an overflowing sum is not finite."""
    numbers = [value for value in values if isinstance(value, int | float) and numeric(value)]
    try:
        total = math.fsum(numbers)
    except OverflowError:
        total = math.nan
    return RollupStatistics(
        count=len(values),
        first=values[0],
        last=values[-1],
        numbers=len(numbers),
        total=total,
        least=min(numbers, default=None),
        greatest=max(numbers, default=None),
    )


@pytest.mark.parametrize("aggregation", sorted(ROLLED_UP))
@given(data=st.data(), values=st.lists(VALUES, min_size=1, max_size=20))
def test_the_parts_of_a_window_merge_to_the_aggregate_of_its_values(
    aggregation: Aggregation, data: st.DataObject, values: list[Value]
) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(values) - 1))) if len(values) > 1 else set()
    parts = [statistics(values[low:high]) for low, high in pairwise([0, *sorted(cuts), len(values)])]
    used = [value for value in values if numeric(value) or not aggregation.numeric]
    aggregate = window_aggregate(7, parts, aggregation)
    assert (aggregate is None) == (not used)
    if aggregate is not None:
        assert (aggregate.index, aggregate.count) == (7, len(used))
        if aggregate.value == aggregate.value:
            assert_statistic(aggregation, aggregate, used)
        else:
            assert sum(abs(value) for value in used if isinstance(value, int | float)) > LARGEST


@pytest.mark.parametrize(
    "totals", [[LARGEST, LARGEST], [LARGEST, LARGEST, -LARGEST], [math.inf, -math.inf], [math.nan]]
)
@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.MEAN])
def test_a_sum_that_overflows_on_the_way_is_not_finite(aggregation: Aggregation, totals: list[float]) -> None:
    parts = [RollupStatistics(1, 0.0, 0.0, 1, total, 0.0, 0.0) for total in totals]
    aggregate = window_aggregate(0, parts, aggregation)
    assert aggregate is not None
    assert isinstance(aggregate.value, float)
    assert not math.isfinite(aggregate.value)
