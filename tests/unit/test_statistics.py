"""Statistics of parts that combine to those of the whole."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import Value
from iotflow.stores.cassandra.statistics import Statistics, bucket_of
from tests.contracts.telemetry.aggregates import VALUES, assert_statistic, numeric

LARGEST = 1.7976931348623157e308


def statistics(values: Sequence[Value]) -> Statistics:
    """Of values in order of time, as Cassandra gives them: a sum that overflows on the way is not finite."""
    numbers = [value for value in values if isinstance(value, int | float) and numeric(value)]
    try:
        total = math.fsum(numbers)
    except OverflowError:
        total = math.nan
    return Statistics(
        count=len(values),
        first=values[0],
        last=values[-1],
        numbers=len(numbers),
        total=total,
        least=min(numbers, default=None),
        greatest=max(numbers, default=None),
    )


@pytest.mark.parametrize("aggregation", Aggregation)
@given(data=st.data(), values=st.lists(VALUES, min_size=1, max_size=20))
def test_a_window_in_any_parts_has_the_statistic_of_its_values(
    aggregation: Aggregation, data: st.DataObject, values: list[Value]
) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(values) - 1))) if len(values) > 1 else set()
    parts = [statistics(values[low:high]) for low, high in pairwise([0, *sorted(cuts), len(values)])]
    used = [value for value in values if numeric(value) or not aggregation.numeric]
    bucket = bucket_of(7, parts, aggregation)
    assert (bucket is None) == (not used)
    if bucket is not None:
        assert (bucket.index, bucket.count) == (7, len(used))
        if bucket.value == bucket.value:
            assert_statistic(aggregation, bucket, used)
        else:
            assert sum(abs(value) for value in used if isinstance(value, int | float)) > LARGEST


@pytest.mark.parametrize(
    "totals", [[LARGEST, LARGEST], [LARGEST, LARGEST, -LARGEST], [math.inf, -math.inf], [math.nan]]
)
@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.MEAN])
def test_a_sum_that_overflowed_on_the_way_is_not_finite(aggregation: Aggregation, totals: list[float]) -> None:
    parts = [Statistics(1, 0.0, 0.0, 1, total, 0.0, 0.0) for total in totals]
    bucket = bucket_of(0, parts, aggregation)
    assert bucket is not None
    assert isinstance(bucket.value, float)
    assert not math.isfinite(bucket.value)
