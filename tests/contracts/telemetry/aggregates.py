"""Telemetry: statistics per window, compared with exact fractions."""

import math
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.partial_statistics import Number, Rises
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, Value
from iotflow.domain.time_windows import CalendarUnit, Window
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.telemetry.base import ALL_TIME, TelemetryBase, at, exactly, new_device, record
from tests.contracts.telemetry.exact_statistics import (
    LARGEST,
    VALUES,
    Point,
    assert_aggregates,
    assert_statistic,
    assert_sum,
)

T = at("2022-11-06 00:00:00")
MINUTE = 60_000


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
        return await telemetry.aggregate(device, "x", ALL_TIME, aggregation, window=Window(MINUTE), offset_ms=0)

    @given(
        points=st.lists(
            st.builds(Point, st.integers(0, 40).map(lambda i: Millis(i * 7_777)), VALUES),
            max_size=30,
            unique_by=lambda point: point.time,
        ),
        start=st.integers(0, 100_000),
        length=st.none() | st.integers(0, 300_000),
        window=st.one_of(
            st.sampled_from([10_000, MINUTE, 7 * MINUTE, 60 * MINUTE, DAY_MS, 30 * DAY_MS]).map(Window),
            st.sampled_from(CalendarUnit).map(lambda unit: Window(DAY_MS, unit)),
        ),
        offset_ms=st.sampled_from([0, 3_600_000, -18_000_000, 20_700_000, -2_670_000, 50_400_000, -43_200_000]),
        base=st.sampled_from([0, T, T + DAY_MS - 100_000]),
    )
    @example(
        [Point(Millis(0), 1.0), Point(Millis(7_777), 1e-305), Point(Millis(15_554), 3e-305)],
        0,
        None,
        Window(10_000),
        0,
        0,
    )
    @example(
        [Point(Millis(0), LARGEST), Point(Millis(7_777), LARGEST), Point(Millis(15_554), -LARGEST)],
        0,
        None,
        Window(MINUTE),
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
        window: Window,
        offset_ms: int,
        base: int,
    ) -> None:
        device = new_device()
        shifted = [Point(Millis(base + point.time), point.value) for point in points]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in shifted])
        time_range = TimeRange(Millis(base + start), None if length is None else Millis(base + start + length))
        await assert_aggregates(telemetry, device, shifted, time_range, window, offset_ms)

    async def test_a_name_without_values_has_no_windows(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"X": 1})])
        for aggregation in Aggregation:
            assert (
                await telemetry.aggregate(device, "x", ALL_TIME, aggregation, window=Window(MINUTE), offset_ms=0) == []
            )

    async def test_values_of_other_names_and_devices_do_not_count(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i, {"x": 1, "y": 100}) for i in range(3)])
        await telemetry.write(device + 1, [record(clock, T, {"x": 1_000})])
        for aggregation, value in ((Aggregation.SUM, 3), (Aggregation.MAX, 1), (Aggregation.LAST, 1)):
            (bucket,) = await telemetry.aggregate(
                device, "x", ALL_TIME, aggregation, window=Window(MINUTE), offset_ms=0
            )
            assert (bucket.value, bucket.count) == (value, 3)

    async def test_windows_without_values_are_omitted(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        buckets = await self.aggregated(telemetry, clock, Aggregation.COUNT, [1, "a", True], step_ms=10 * MINUTE)
        assert [bucket.index for bucket in buckets] == [T // MINUTE + i for i in (0, 10, 20)]

    @pytest.mark.parametrize("aggregation", [aggregation for aggregation in Aggregation if aggregation.numeric])
    async def test_numeric_statistics_ignore_booleans_and_strings(
        self, telemetry: TelemetryRepository, clock: Clock, aggregation: Aggregation
    ) -> None:
        assert await self.aggregated(telemetry, clock, aggregation, [True, "9", False, ""]) == []
        (bucket,) = await self.aggregated(telemetry, clock, aggregation, [True, "9", 5, False])
        assert bucket.count == 1
        assert_statistic(aggregation, bucket, [5])

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
            assert_statistic(aggregation, bucket, values)

    async def test_points_outside_the_range_do_not_count_in_a_window_at_its_ends(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * 1_000, {"x": i}) for i in range(60)])
        time_range = TimeRange(Millis(T + 10_000), Millis(T + 20_000))
        (bucket,) = await telemetry.aggregate(
            device, "x", time_range, Aggregation.MEAN, window=Window(MINUTE), offset_ms=0
        )
        assert bucket == WindowAggregate(T // MINUTE, float(sum(range(10, 20))), 10)

    async def test_windows_of_the_calendar_are_merged_from_days(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        values: list[Value] = [7, 1e308, 1e308, -1e308, "x", -1e308, 3.5, True, 2**53 + 1]
        points = [Point(Millis(T + i * 11 * DAY_MS + i), values[i % len(values)]) for i in range(60)]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        time_range = TimeRange(Millis(T + 20 * DAY_MS), Millis(T + 600 * DAY_MS))
        for unit in CalendarUnit:
            for offset_ms in (0, -5 * 3_600_000, 20_700_000):
                await assert_aggregates(telemetry, device, points, time_range, Window(DAY_MS, unit), offset_ms)

    @pytest.mark.parametrize("largest", [1.0, 2.0**52, 1e150, 1e300, 1e-200, 5e-324])
    @pytest.mark.parametrize("level", [0.0, 1.0, 1e6, -1e6])
    async def test_deviations_of_any_magnitude(
        self, telemetry: TelemetryRepository, clock: Clock, largest: float, level: float
    ) -> None:
        values: list[Value] = [level * largest + i % 7 * largest for i in range(2_100)]
        for some in (values, values[:2], [0.0, *values[:300]], [values[0]] * 2_100):
            (bucket,) = await self.aggregated(telemetry, clock, Aggregation.STDDEV, some)
            assert_statistic(Aggregation.STDDEV, bucket, some)

    @pytest.mark.parametrize("values", [[LARGEST, -LARGEST] * 3, [LARGEST] * 5, [LARGEST, 5e-324, -5e-324]])
    async def test_the_deviation_of_the_largest_doubles_fits_in_a_double(
        self, telemetry: TelemetryRepository, clock: Clock, values: list[Value]
    ) -> None:
        (bucket,) = await self.aggregated(telemetry, clock, Aggregation.STDDEV, values)
        assert_statistic(Aggregation.STDDEV, bucket, values)

    async def test_a_long_drift_does_not_hide_a_small_deviation(
        self, telemetry: TelemetryRepository, clock: Clock, device: int
    ) -> None:
        points = [Point(Millis(T + i * 1_000), 1e9 + i * 1e3 + i % 3 / 8) for i in range(6_000)]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        await assert_aggregates(telemetry, device, points, ALL_TIME, Window(10_000), 0, [Aggregation.STDDEV])

    @pytest.mark.parametrize(
        ("values", "total"),
        [
            ([5, 7, 7, 10], 5),
            ([5, 7, 2, 3], 5),
            ([9, 0, 0, 4], 4),
            ([1, 2.5, 4], 3.0),
            ([3], 0),
            ([3.0], 0.0),
            ([7, "x", True, 9], 2),
            ([INTEGER_MIN, INTEGER_MAX, INTEGER_MIN, INTEGER_MAX], 2 * (2**64 - 1) + INTEGER_MIN),
            ([2**62 + 1, 2**62 + 2], 1),
            ([2**53 + 1, 2.0**53], 0.0),
            ([-LARGEST, LARGEST], math.inf),
            ([0, -3, -5], -8),
        ],
    )
    async def test_increases_of_counters(
        self, telemetry: TelemetryRepository, clock: Clock, values: list[Value], total: Number
    ) -> None:
        (bucket,) = await self.aggregated(telemetry, clock, Aggregation.INCREASE, values)
        assert isinstance(bucket.value, Rises)
        assert exactly(bucket.value.total) == exactly(total)

    async def test_long_increases_keep_their_precision(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        counters: list[list[Value]] = [
            [2**60 + i * 3 % 10_007 for i in range(9_000)],
            [1e9 + i / 10 for i in range(9_000)],
            [2**60 + i if i % 5 else i / 7 for i in range(9_000)],
        ]
        for values in counters:
            for bucket in await self.aggregated(telemetry, clock, Aggregation.INCREASE, values):
                assert_statistic(Aggregation.INCREASE, bucket, values)
