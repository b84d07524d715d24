"""Hourly roll-ups in Cassandra: their answers, and how long they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotflow.addresses import CassandraAddress
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import Record, Value
from iotflow.domain.time_windows import CalendarUnit, Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import STORE_NAME
from iotflow.stores.cassandra.rollups.cell import HOUR_MS
from iotflow.stores.cassandra.rollups.store import STAMP_MARGIN_US, STORE_CELL, TTL_MARGIN_S
from iotflow.stores.cassandra.session import SHORT_TIMEOUT_S, Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import ALL_TIME, RETENTION_DAYS, new_device, purge_all, record
from tests.contracts.telemetry.exact_statistics import VALUES, Point, assert_aggregates
from tests.stores.rollup_fixtures import LONG_AGO, SETTLED_S, OnRollups, RawRollups, Telemetry, sums


@dataclass(frozen=True)
class Write:
    points: list[Point]


@dataclass(frozen=True)
class Delete:
    start: int
    end: int | None


@dataclass(frozen=True)
class Ask:
    start: int
    end: int | None
    window: Window
    offset_ms: int
    aggregations: Sequence[Aggregation] = tuple(Aggregation)
    """The first one finds hours that are not rolled up, the others find their roll-ups."""


HOURS_AGO = Millis(START - 5 * HOUR_MS)
# Hours near the clock's time are closed, ended, current or in the future; a week before, all are closed.
MONTH = Window(DAY_MS, CalendarUnit.MONTH)
PLACES = st.sampled_from([LONG_AGO, HOURS_AGO])
QUARTERS = st.integers(0, 4 * 30)
TIMES = st.builds(lambda place, quarter, ms: place + quarter * 900_000 + ms, PLACES, QUARTERS, st.integers(-1, 1))
WINDOWS = st.one_of(
    st.sampled_from([1, 2, 5, 24, 48, 24 * 30]).map(lambda hours: Window(hours * HOUR_MS)),
    st.sampled_from(CalendarUnit).map(lambda unit: Window(DAY_MS, unit)),
)
OFFSETS = st.sampled_from([0, 3_600_000, -18_000_000, 19_800_000, 20_700_000, -12_600_000, -2_670_000])
STEPS = st.lists(
    st.one_of(
        st.builds(Write, st.lists(st.builds(Point, TIMES.map(Millis), VALUES), min_size=1, max_size=6)),
        st.builds(Delete, TIMES, st.none() | TIMES),
        st.builds(
            Ask, TIMES, st.none() | TIMES, WINDOWS, OFFSETS, st.sampled_from(Aggregation).map(lambda one: (one,))
        ),
        st.sampled_from([0.5, SETTLED_S, 1_200.0]),
    ),
    max_size=10,
)


class TestAnswers(OnRollups):
    async def test_parts_of_hours_at_the_ends_of_a_range_are_read_from_points(
        self, telemetry: Telemetry, clock: FakeClock, device: int
    ) -> None:
        points = [Point(Millis(LONG_AGO + i * HOUR_MS // 4), i) for i in range(4 * 24 * 6)]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        time_range = TimeRange(Millis(points[9].time + 1), Millis(points[-9].time + 1))
        for width_ms, offset_ms in ((30 * DAY_MS, 0), (DAY_MS, 5 * HOUR_MS), (DAY_MS, 20_700_000), (7 * HOUR_MS, 0)):
            await assert_aggregates(telemetry, device, points, time_range, Window(width_ms), offset_ms)

    @settings(max_examples=60)
    @given(steps=STEPS, cut=TIMES)
    async def test_answers_from_roll_ups_equal_those_from_points(
        self, cassandra: Cassandra, steps: Sequence[Write | Delete | Ask | float], cut: int
    ) -> None:
        clock, device = FakeClock(), new_device()
        telemetry = CassandraTelemetry(cassandra, clock, RETENTION_DAYS)
        points: dict[Millis, Value] = {}
        last = [Ask(0, None, Window(HOUR_MS), 0), Ask(0, None, Window(DAY_MS), 20_700_000), Ask(cut, None, MONTH, 0)]
        for step in [*steps, SETTLED_S, *last]:
            match step:
                case Write():
                    await telemetry.write(device, [record(clock, p.time, {"x": p.value, "y": 1}) for p in step.points])
                    points |= {point.time: point.value for point in step.points}
                case Delete():
                    time_range = TimeRange(Millis(step.start), None if step.end is None else Millis(step.end))
                    await telemetry.delete(device, time_range)
                    points = {time: value for time, value in points.items() if time not in time_range}
                case Ask():
                    time_range = TimeRange(Millis(step.start), None if step.end is None else Millis(step.end))
                    held = [Point(time, value) for time, value in points.items()]
                    await assert_aggregates(
                        telemetry, device, held, time_range, step.window, step.offset_ms, step.aggregations
                    )
                case seconds:
                    clock.advance(seconds)

    async def test_days_without_a_closed_hour_are_read_from_points(
        self, telemetry: Telemetry, clock: FakeClock, device: int
    ) -> None:
        midnight = START - START % DAY_MS
        clock.set(Millis(midnight + HOUR_MS // 2))
        points = [Point(Millis(midnight + minutes * 60_000), minutes) for minutes in (-7 * 1_440, -1, 0, 29, 45)]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        await assert_aggregates(telemetry, device, points, ALL_TIME, Window(DAY_MS), 0)
        await assert_aggregates(telemetry, device, points, ALL_TIME, Window(HOUR_MS), 0)

    async def test_a_sum_that_overflows_across_hours_is_computed_from_points(
        self, telemetry: Telemetry, clock: FakeClock, device: int
    ) -> None:
        values = [1.7e308, 1.7e308, -1.7e308, 1e300, -1.7e308]
        points = [Point(Millis(LONG_AGO + i * HOUR_MS // 2), value) for i, value in enumerate(values)]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        clock.advance(SETTLED_S)
        for _ in range(2):
            await assert_aggregates(telemetry, device, points, ALL_TIME, Window(DAY_MS), 0)
            await assert_aggregates(telemetry, device, points, ALL_TIME, Window(HOUR_MS), 0)


class RefusesRollups(Cassandra):
    """A store that fails to store roll-ups."""

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SHORT_TIMEOUT_S
    ) -> list[tuple[Any, ...]]:
        if cql == STORE_CELL:
            raise StoreUnavailable(STORE_NAME, "refused by the test")
        return await super().execute(cql, values, timeout_s=timeout_s)


class TestStoring(OnRollups):
    async def test_closed_hours_are_stored_when_first_requested(
        self, telemetry: Telemetry, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, LONG_AGO + i * HOUR_MS, {"x": i, "y": i}) for i in (1, 100)])
        clock.advance(SETTLED_S)
        assert await stored.hours(device) == {}
        await sums(telemetry, device, TimeRange(Millis(LONG_AGO + 3 * HOUR_MS - 1), Millis(LONG_AGO + 99 * HOUR_MS)))
        assert await stored.hours(device) == {0: list(range(3, 24)), 4: [0, 1, 2]}
        clock.advance(0.001)
        await sums(telemetry, device)
        assert await stored.hours(device) == {0: list(range(24)), 4: list(range(24))}

    async def test_an_hour_is_stored_once_it_is_closed(
        self, telemetry: Telemetry, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        today = START - START % DAY_MS
        for ends in (today + i * HOUR_MS for i in (1, 2, 3)):
            clock.set(Millis(ends - 1))
            await telemetry.write(device, [record(clock, ends - 1, {"x": 1})])
        clock.set(Millis(today + 3 * HOUR_MS + STAMP_MARGIN_US // 1_000 - 1))
        assert len(await sums(telemetry, device)) == 3
        assert await stored.hours(device) == {7: [0, 1]}
        clock.advance(0.001)
        assert len(await sums(telemetry, device)) == 3
        assert await stored.hours(device) == {7: [0, 1, 2]}

    async def test_windows_that_are_not_whole_hours_store_nothing(
        self, telemetry: Telemetry, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, LONG_AGO, {"x": 1})])
        clock.advance(SETTLED_S)
        await telemetry.aggregate(device, "x", ALL_TIME, Aggregation.SUM, window=Window(90 * 60_000), offset_ms=0)
        assert await stored.hours(device) == {}

    async def test_nothing_is_stored_for_an_unknown_name(
        self, telemetry: Telemetry, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, LONG_AGO, {"y": 1})])
        clock.advance(SETTLED_S)
        assert await sums(telemetry, device) == []
        assert await stored.hours(device) == {}

    async def test_a_write_removes_the_roll_ups_of_its_names_and_day(
        self, telemetry: Telemetry, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, LONG_AGO + i * DAY_MS, {"x": 1, "y": 1}) for i in range(2)])
        clock.advance(SETTLED_S)
        for name in "xy":
            await telemetry.aggregate(device, name, ALL_TIME, Aggregation.SUM, window=Window(HOUR_MS), offset_ms=0)
        await telemetry.write(device, [record(clock, LONG_AGO + 5 * HOUR_MS, {"x": 1})])
        rows = await stored.rows("day, name", device)
        assert sorted((row["day"] - LONG_AGO // DAY_MS, row["name"]) for row in rows) == [(0, "y"), (1, "x"), (1, "y")]

    async def test_a_purge_removes_all_roll_ups(
        self, telemetry: Telemetry, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, LONG_AGO + i * DAY_MS, {"x": 1}) for i in range(5)])
        clock.advance(SETTLED_S)
        await sums(telemetry, device)
        await purge_all(telemetry, device)
        assert await stored.rows("day", device) == []

    @pytest.mark.parametrize(("lives_s", "is_stored"), [(TTL_MARGIN_S + 60, True), (TTL_MARGIN_S, False)])
    async def test_a_roll_up_expires_before_all_of_its_points(
        self,
        telemetry: Telemetry,
        stored: RawRollups,
        clock: FakeClock,
        device: int,
        lives_s: int,
        is_stored: bool,
    ) -> None:
        long_since = Micros(clock.unique_now() - (RETENTION_DAYS * 86_400 - lives_s) * 1_000_000)
        first = Record(Millis(LONG_AGO), {"x": 1}, None, long_since)
        await telemetry.write(device, [first, record(clock, LONG_AGO + 1, {"x": 2})])
        clock.advance(SETTLED_S)
        (aggregate,) = await sums(telemetry, device)
        assert aggregate.value == 3
        ttls = [row["ttl"] for row in await stored.rows("ttl(hours) AS ttl", device)]
        assert len(ttls) == is_stored
        assert all(ttl <= lives_s - TTL_MARGIN_S for ttl in ttls)

    async def test_a_failure_to_store_a_roll_up_does_not_fail_the_read(
        self,
        telemetry: Telemetry,
        cassandra_keyspace: CassandraAddress,
        stored: RawRollups,
        clock: FakeClock,
        device: int,
    ) -> None:
        await telemetry.write(device, [record(clock, LONG_AGO, {"x": 1})])
        clock.advance(SETTLED_S)
        refuses_rollups = RefusesRollups(cassandra_keyspace)
        (aggregate,) = await sums(CassandraTelemetry(refuses_rollups, clock, RETENTION_DAYS), device)
        await refuses_rollups.close()
        assert aggregate.value == 1
        assert await stored.hours(device) == {}

    async def test_roll_ups_of_points_that_never_expire_have_no_ttl(
        self, cassandra: Cassandra, stored: RawRollups, clock: FakeClock, device: int
    ) -> None:
        telemetry = CassandraTelemetry(cassandra, clock, 0)
        await telemetry.write(device, [record(clock, LONG_AGO, {"x": 1})])
        clock.advance(SETTLED_S)
        await sums(telemetry, device)
        assert [row["ttl"] for row in await stored.rows("ttl(hours) AS ttl", device)] == [None]
