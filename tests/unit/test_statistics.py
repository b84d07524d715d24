"""Statistics of parts that combine to those of the whole."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import INTEGER_MAX, Value
from iotflow.stores.cassandra.statistics import statistics, window
from tests.contracts.telemetry.aggregates import VALUES, assert_statistic, numeric

LARGEST = 1.7976931348623157e308


@pytest.mark.parametrize("aggregation", Aggregation)
@given(data=st.data(), values=st.lists(VALUES, min_size=1, max_size=20))
def test_a_window_in_any_parts_has_the_statistic_of_its_values(
    aggregation: Aggregation, data: st.DataObject, values: list[Value]
) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(values) - 1))) if len(values) > 1 else set()
    parts = [statistics(values[low:high]) for low, high in pairwise([0, *sorted(cuts), len(values)])]
    used = [value for value in values if numeric(value) or not aggregation.numeric]
    bucket = window(7, parts, aggregation)
    assert (bucket is None) == (not used)
    if bucket is not None:
        assert bucket.index == 7
        assert_statistic(aggregation, bucket, used)


@pytest.mark.parametrize(
    ("hours", "total"),
    [
        ([[LARGEST, LARGEST], [-LARGEST, -LARGEST, 2]], 2.0),
        ([[LARGEST] * 60, [-LARGEST] * 60], 0.0),
        ([[LARGEST, LARGEST], [1]], math.inf),
        ([[-LARGEST, -LARGEST], ["x"], [True]], -math.inf),
        ([[INTEGER_MAX] * 60] * 2, 120.0 * 2**63),
        ([[2.0**53], *[[1]] * 24], 2.0**53 + 24),
    ],
)
def test_sums_past_the_largest_double_and_past_64_bits(hours: Sequence[Sequence[Value]], total: float) -> None:
    for aggregation in (Aggregation.SUM, Aggregation.MEAN):
        bucket = window(0, [statistics(values) for values in hours], aggregation)
        assert bucket is not None
        assert (type(bucket.value), bucket.value) == (float, total)
