"""The telemetry contract on Cassandra, and the statements of its layout."""

import asyncio

import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra import value_aggregates
from iotflow.stores.cassandra.driver import InvalidQuery
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.contracts.telemetry import TelemetryContract
from tests.contracts.telemetry.base import (
    ALL_TIME,
    RETENTION_DAYS,
    OpenTelemetry,
    at,
    new_device,
    page_of,
    purge_all,
    record,
    values_of,
)
from tests.contracts.telemetry.exact_statistics import Point, assert_aggregates
from tests.contracts.telemetry.retention import expiring
from tests.stores.cassandra import CassandraRawTelemetry, OnCassandra, counted

T = at("2024-05-05 00:00:00")
HOUR = 3_600_000


class TestCassandraTelemetry(OnCassandra, TelemetryContract):
    @pytest.fixture
    def open_telemetry(self, cassandra: Cassandra, clock: Clock) -> OpenTelemetry:
        return lambda retention_days: CassandraTelemetry(cassandra, clock, retention_days)


class TestCassandraLayout(OnCassandra):
    """The layout's purposes: few statements, deletion of whole days by one, independent TTLs of values."""

    @pytest.fixture
    def telemetry(self, cassandra: Cassandra, clock: Clock) -> CassandraTelemetry:
        return CassandraTelemetry(cassandra, clock, RETENTION_DAYS)

    @pytest.fixture
    def device(self) -> int:
        return new_device()

    async def test_a_submission_is_a_batch_for_the_device_and_one_for_the_day(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        async with counted(cassandra) as sent:
            await telemetry.write(device, [record(clock, T, {"a": 1, "b": 2.5, "c": "x"}, {"n": 1})])
        assert (sent.batches, sent.statements) == (2, 0)

    async def test_a_batch_of_one_day_is_two_batches_too(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        async with counted(cassandra) as sent:
            await telemetry.write(device, [record(clock, T + i, {"a": i, "b": i, "c": i}) for i in range(100)])
        assert (sent.batches, sent.statements) == (2, 0)

    async def test_concurrent_submissions_of_many_devices_share_batches(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock
    ) -> None:
        devices = [new_device() for _ in range(64)]
        async with counted(cassandra) as sent, asyncio.TaskGroup() as writers:
            for device in devices:
                writers.create_task(telemetry.write(device, [record(clock, T, {"a": device})]))
        assert sent.all <= 2 * (64 // 10 + 4 * 2)
        for device in devices:
            assert await values_of(telemetry, device) == {T: {"a": device}}

    async def test_a_submission_that_cassandra_refuses_fails_alone(
        self, telemetry: CassandraTelemetry, clock: Clock
    ) -> None:
        good = [new_device() for _ in range(30)]
        # It would expire after the last expiry that Cassandra supports.
        bad = Record(T, {"a": 1}, None, Micros(at("2040-01-01 00:00") * 1_000))
        async with asyncio.TaskGroup() as writers:
            for device in good[:15]:
                writers.create_task(telemetry.write(device, [record(clock, T, {"a": 1})]))
            refused = asyncio.ensure_future(telemetry.write(new_device(), [bad]))
            for device in good[15:]:
                writers.create_task(telemetry.write(device, [record(clock, T, {"a": 1})]))
        with pytest.raises(InvalidQuery):
            await refused
        for device in good:
            assert await values_of(telemetry, device) == {T: {"a": 1}}

    async def test_latest_values_take_two_statements_with_any_length_of_history(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T - i * DAY_MS, {"a": i, f"n{i % 9}": i}) for i in range(400)])
        async with counted(cassandra) as sent:
            assert len(await telemetry.latest(device)) == 10
        assert sent.all == 2

    async def test_24_hours_of_history_across_two_days_take_two_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR, {"a": i}) for i in range(-30, 30)])
        time_range = TimeRange(Millis(T - 12 * HOUR), Millis(T + 12 * HOUR))
        for descending in (True, False):
            async with counted(cassandra) as sent:
                assert len(await page_of(telemetry, device, 1_000, time_range=time_range, descending=descending)) == 24
            assert sent.all == 2, "locations, rows"

    async def test_24_hours_of_history_of_one_name_take_three_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR, {"a": i, "b": i}) for i in range(-30, 30)])
        time_range = TimeRange(Millis(T - 12 * HOUR), Millis(T + 12 * HOUR))
        async with counted(cassandra) as sent:
            assert (
                len(
                    (
                        await telemetry.records(
                            device, time_range, descending=True, limit=PageLimit(1_000), names=["b"]
                        )
                    ).records
                )
                == 24
            )
        assert sent.all == 3, "times, locations, rows"

    async def test_unknown_names_cost_no_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"a": 1, "b": 2})])
        names = ["b", *(f"unknown {i}" for i in range(100))]
        time_range = TimeRange(T, Millis(T + HOUR))
        async with counted(cassandra) as sent:
            (found,) = await page_of(telemetry, device, 10, time_range=time_range, names=names)
        assert found.values == {"b": 2}
        assert sent.all == 4, "catalogue, times, locations, rows"

    async def test_a_page_of_a_week_takes_at_most_five_statements(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR, {"a": i}) for i in range(7 * 24)])
        async with counted(cassandra) as sent:
            assert len(await page_of(telemetry, device, 1_000)) == 7 * 24
        assert sent.all <= 5

    async def test_sparse_years_are_not_read_day_by_day(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T - i * 300 * DAY_MS, {"a": i}) for i in range(50)])
        async with counted(cassandra) as sent:
            assert len(await page_of(telemetry, device, 1_000, descending=False)) == 50
        assert sent.all <= 8
        async with counted(cassandra) as sent:
            await telemetry.aggregate(device, "a", ALL_TIME, Aggregation.SUM, window=Window(60_000), offset_ms=0)
        assert sent.all <= 3

    async def test_hourly_means_of_a_day_take_one_statement(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T + i * HOUR // 10, {"a": i}) for i in range(240)])
        async with counted(cassandra) as sent:
            time_range = TimeRange(T, Millis(T + DAY_MS))
            found = await telemetry.aggregate(
                device, "a", time_range, Aggregation.MEAN, window=Window(HOUR), offset_ms=0
            )
        assert [aggregate.count for aggregate in found] == [10] * 24
        assert sent.all == 1

    async def test_statistics_over_months_and_many_pages(
        self, telemetry: CassandraTelemetry, clock: Clock, device: int
    ) -> None:
        step = 7 * HOUR + 1
        points = [Point(Millis(T + i * step), (i, i / 3, i % 2 == 0, "x", -i)[i % 5]) for i in range(300)]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        time_range = TimeRange(Millis(T + step), Millis(T + 290 * step))
        for width_ms, offset_ms in ((HOUR, 0), (10_000, 1_234), (30 * DAY_MS, -5 * HOUR), (7 * DAY_MS, 11 * HOUR)):
            await assert_aggregates(telemetry, device, points, time_range, Window(width_ms), offset_ms)

    async def test_a_sum_that_overflows_in_one_day_but_not_in_its_window(
        self, telemetry: CassandraTelemetry, clock: Clock, device: int
    ) -> None:
        points = [Point(Millis(T + i * DAY_MS // 2), value) for i, value in enumerate([1e308, 1e308, -1e308, 5, 2**62])]
        await telemetry.write(device, [record(clock, point.time, {"x": point.value}) for point in points])
        await assert_aggregates(telemetry, device, points, ALL_TIME, Window(30 * DAY_MS), 0)

    async def test_values_that_take_too_long_to_read_are_an_outage(
        self, telemetry: CassandraTelemetry, clock: Clock, device: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        monkeypatch.setattr(value_aggregates, "READ_TIMEOUT_S", 0.0)
        for aggregation in (Aggregation.STDDEV, Aggregation.INCREASE):
            with pytest.raises(StoreUnavailable, match="not all values"):
                await telemetry.aggregate(device, "x", ALL_TIME, aggregation, window=Window(HOUR), offset_ms=0)

    async def test_a_shorter_retention_later_hides_no_day_of_the_longer_one(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        shorter = CassandraTelemetry(cassandra, clock, RETENTION_DAYS - 1)
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        about_to_expire = Micros(clock.receipt() - (RETENTION_DAYS - 1) * DAY_MS * 1_000 + 1_000_000)
        await shorter.write(device, [Record(Millis(T + 1), {"x": 2, "y": 2}, None, about_to_expire)])
        await asyncio.sleep(2.5)
        assert await values_of(telemetry, device) == {T: {"x": 1}}
        assert (await telemetry.latest(device))["x"].timestamp == T
        assert "x" in await telemetry.names(device)

    async def test_records_that_have_expired_on_arrival_are_not_stored(
        self, telemetry: CassandraTelemetry, raw: CassandraRawTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [expiring(clock, -1, T, {"x": 1}), record(clock, T + 1, {"y": 1})])
        await telemetry.write(device, [expiring(clock, -1, T, {"x": 1})])
        assert [point.name for point in await raw.points(device)] == ["y"]
        assert await telemetry.names(device) == {"y"}

    async def test_a_record_received_before_a_deletion_and_stored_after_it_stays_deleted(
        self, telemetry: CassandraTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        slow, later = record(clock, T + 1, {"x": 2}), record(clock, T + DAY_MS, {"x": 3})
        await telemetry.delete(device, TimeRange(T, Millis(T + DAY_MS)))
        await telemetry.write(device, [slow, later])
        assert await values_of(telemetry, device) == {T + DAY_MS: {"x": 3}}

    async def test_a_purged_device_may_send_again(
        self, telemetry: CassandraTelemetry, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, T, {"x": 1}), record(clock, T - 900 * DAY_MS, {"y": 1})])
        await purge_all(telemetry, device)
        assert await telemetry.names(device) == frozenset()
        await telemetry.write(device, [record(clock, T - 9 * DAY_MS, {"x": 2})])
        assert (await telemetry.latest(device))["x"].value == 2
        assert await values_of(telemetry, device) == {T - 9 * DAY_MS: {"x": 2}}
