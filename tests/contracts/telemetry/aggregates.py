"""Telemetry: statistics per window, compared with exact fractions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, Value
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import ALL_TIME, TelemetryBase, at, exactly, new_device, record

T = at("2022-11-06 00:00:00")
MINUTE = 60_000
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
            assert exactly(bucket.value) == exactly(wanted)
        case Aggregation.MIN | Aggregation.MAX:
            numbers = [value for value in values if isinstance(value, int | float)]
            extreme = min(numbers) if aggregation is Aggregation.MIN else max(numbers)
            # Of equal numbers such as 1 and 1.0, a store may return either.
            assert bucket.value == extreme
            assert type(bucket.value) in {type(value) for value in numbers if value == extreme}
        case _:
            assert isinstance(bucket.value, float)
            assert_sum(bucket.value, [Fraction(value) for value in values if isinstance(value, int | float)])


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
    width_ms: int,
    offset_ms: int,
    aggregations: Sequence[Aggregation] = tuple(Aggregation),
) -> None:
    for aggregation in aggregations:
        windows: dict[int, list[Value]] = {}
        for point in sorted(points, key=lambda point: point.time):
            if point.time in time_range and (numeric(point.value) or not aggregation.numeric):
                windows.setdefault((point.time + offset_ms) // width_ms, []).append(point.value)
        buckets = await telemetry.aggregate(
            device, "x", time_range, aggregation, width_ms=width_ms, offset_ms=offset_ms
        )
        assert [bucket.index for bucket in buckets] == sorted(windows)
        for bucket in buckets:
            assert_statistic(aggregation, bucket, windows[bucket.index])


class AggregateContract(TelemetryBase):
    async def aggregated(
        self,
        telemetry: TelemetryRepository,
        clock: Clock,
        aggregation: Aggregation,
        values: Sequence[Value],
        step_ms: int = 1,
    ) -> list[WindowAggregate]:
        """Return the aggregates per minute of values that are `step_ms` apart."""
        device = new_device()
        await telemetry.write(device, [record(clock, T + i * step_ms, {"x": v}) for i, v in enumerate(values)])
        return await telemetry.aggregate(device, "x", ALL_TIME, aggregation, width_ms=MINUTE, offset_ms=0)

    @given(
        points=st.lists(
            st.builds(Point, st.integers(0, 40).map(lambda i: Millis(i * 7_777)), VALUES),
            max_size=30,
            unique_by=lambda point: point.time,
        ),
        start=st.integers(0, 100_000),
        length=st.none() | st.integers(0, 300_000),
        width_ms=st.sampled_from([10_000, MINUTE, 7 * MINUTE, 60 * MINUTE, DAY_MS, 30 * DAY_MS]),
        offset_ms=st.sampled_from([0, 3_600_000, -18_000_000, 20_700_000, -2_670_000, 50_400_000, -43_200_000]),
        base=st.sampled_from([0, T, T + DAY_MS - 100_000]),
    )
    @example(
        [Point(Millis(0), 1.0), Point(Millis(7_777), 1e-305), Point(Millis(15_554), 3e-305)], 0, None, 10_000, 0, 0
    )
    @example(
        [Point(Millis(0), LARGEST), Point(Millis(7_777), LARGEST), Point(Millis(15_554), -LARGEST)],
        0,
        None,
        MINUTE,
        0,
        T,
    )
    async def test_every_statistic_of_any_values(
        self,
        telemetry: TelemetryRepository,
        clock: Clock,
        points: list[Point],
        start: int,
        length: int | None,
        width_ms: int,
        offset_ms: int,
        base: int,
    ) -> None:
        device = new_device()
        shifted = [Point(Millis(base + point.time), point.value) for point in points]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in shifted])
        time_range = TimeRange(Millis(base + start), None if length is None else Millis(base + start + length))
        await assert_aggregates(telemetry, device, shifted, time_range, width_ms, offset_ms)

    async def test_a_name_without_values_has_no_windows(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"X": 1})])
        for aggregation in Aggregation:
            assert await telemetry.aggregate(device, "x", ALL_TIME, aggregation, width_ms=MINUTE, offset_ms=0) == []

    async def test_values_of_other_names_and_devices_do_not_count(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": 1, "y": 100}) for i in range(3)])
        await telemetry.write(device + 1, [record(clock, T, {"x": 1_000})])
        for aggregation, value in ((Aggregation.SUM, 3), (Aggregation.MAX, 1), (Aggregation.LAST, 1)):
            (bucket,) = await telemetry.aggregate(device, "x", ALL_TIME, aggregation, width_ms=MINUTE, offset_ms=0)
            assert (bucket.value, bucket.count) == (value, 3)

    async def test_windows_without_values_are_omitted(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        buckets = await self.aggregated(telemetry, clock, Aggregation.COUNT, [1, "a", True], step_ms=10 * MINUTE)
        assert [bucket.index for bucket in buckets] == [T // MINUTE + i for i in (0, 10, 20)]

    @pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.MEAN, Aggregation.MIN, Aggregation.MAX])
    async def test_numeric_statistics_ignore_booleans_and_strings(
        self, telemetry: TelemetryRepository, clock: Clock, aggregation: Aggregation
    ) -> None:
        assert await self.aggregated(telemetry, clock, aggregation, [True, "9", False, ""]) == []
        (bucket,) = await self.aggregated(telemetry, clock, aggregation, [True, "9", 5, False])
        assert (bucket.value, bucket.count) == (5, 1)

    @pytest.mark.parametrize("values", [[2**53 + 1, 2.0**53], [2.0**53, 2**53 + 1, -(2.0**53), -(2**53) - 1]])
    async def test_extremes_of_integers_are_exact_beyond_2_to_the_53(
        self, telemetry: TelemetryRepository, clock: Clock, values: list[int | float]
    ) -> None:
        (largest,) = await self.aggregated(telemetry, clock, Aggregation.MAX, values)
        assert (largest.value, type(largest.value)) == (2**53 + 1, int)
        (smallest,) = await self.aggregated(telemetry, clock, Aggregation.MIN, [-number for number in values])
        assert (smallest.value, type(smallest.value)) == (-(2**53) - 1, int)

    @pytest.mark.parametrize(
        ("values", "total"),
        [
            ([1e308, 1e308, -1e308], 1e308),
            ([LARGEST, 1e292, -1e292], LARGEST),
            ([1e308, 1e308], math.inf),
            ([-1e308, -1e308, 5], -math.inf),
            ([INTEGER_MAX, INTEGER_MAX], 2.0**64),
            ([INTEGER_MIN, INTEGER_MIN, 0.5], -(2.0**64)),
            ([5e-324, 5e-324, 5e-324], 1.5e-323),
            ([5e-324, -5e-324], 0.0),
            ([1, 2.5, True, "x"], 3.5),
        ],
    )
    async def test_sums_with_cancellation_near_overflow_and_of_tiny_values(
        self, telemetry: TelemetryRepository, clock: Clock, values: list[Value], total: float
    ) -> None:
        for aggregation in (Aggregation.SUM, Aggregation.MEAN):
            (bucket,) = await self.aggregated(telemetry, clock, aggregation, values)
            assert (type(bucket.value), bucket.value) == (float, total)

    async def test_a_tiny_window_beside_a_huge_one(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        tiny, huge = await self.aggregated(telemetry, clock, Aggregation.SUM, [3e-310, 1e308], step_ms=MINUTE)
        assert (tiny.value, huge.value) == (3e-310, 1e308)

    async def test_long_sums_keep_their_precision(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        # A plain sum of doubles would lose every 1.
        values = [2.0**53, *[1.0] * 20_000]
        (bucket,) = await self.aggregated(telemetry, clock, Aggregation.SUM, values)
        assert isinstance(bucket.value, float)
        assert_sum(bucket.value, [Fraction(value) for value in values])

    @pytest.mark.parametrize("value", [True, "text", "", 7, 7.0, INTEGER_MIN, 0.1])
    async def test_first_and_last_take_any_type(
        self, telemetry: TelemetryRepository, clock: Clock, value: Value
    ) -> None:
        for aggregation, values in ((Aggregation.FIRST, [value, 1, 2]), (Aggregation.LAST, [1, 2, value])):
            (bucket,) = await self.aggregated(telemetry, clock, aggregation, values)
            assert (exactly(bucket.value), bucket.count) == (exactly(value), 3)

    async def test_points_outside_the_range_do_not_count_in_a_window_at_its_ends(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * 1_000, {"x": i}) for i in range(60)])
        time_range = TimeRange(Millis(T + 10_000), Millis(T + 20_000))
        (bucket,) = await telemetry.aggregate(device, "x", time_range, Aggregation.MEAN, width_ms=MINUTE, offset_ms=0)
        assert bucket == WindowAggregate(T // MINUTE, float(sum(range(10, 20))), 10)
