"""The telemetry contract on Cassandra, and the expiry and deletion of its rows."""

import asyncio

import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import Record
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra import aggregates
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.contracts.telemetry import TelemetryContract
from tests.contracts.telemetry.base import (
    ALL_TIME,
    RETENTION_DAYS,
    OpenTelemetry,
    at,
    purge_all,
    record,
    values_of,
)
from tests.contracts.telemetry.exact_statistics import Point, assert_aggregates
from tests.contracts.telemetry.retention import expiring
from tests.stores.cassandra import CassandraRawTelemetry, OnCassandra, OnCassandraTelemetry, counted

T = at("2024-05-05 00:00:00")
HOUR = 3_600_000


class TestCassandraTelemetry(OnCassandra, TelemetryContract):
    @pytest.fixture
    def open_telemetry(self, cassandra: Cassandra, clock: Clock) -> OpenTelemetry:
        return lambda retention_days: CassandraTelemetry(cassandra, clock, retention_days)


class TestCassandraRows(OnCassandraTelemetry):
    """Each record has its TTL; a deletion hides what was received before it."""

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
        monkeypatch.setattr(aggregates, "READ_TIMEOUT_S", 0.0)
        for aggregation in (Aggregation.STDDEV, Aggregation.INCREASE):
            with pytest.raises(StoreUnavailable, match="not all values"):
                await telemetry.aggregate(device, "x", ALL_TIME, aggregation, window=Window(HOUR), offset_ms=0)

    async def test_a_shorter_retention_later_hides_no_day_of_the_longer_one(
        self, telemetry: CassandraTelemetry, cassandra: Cassandra, clock: Clock, device: int
    ) -> None:
        shorter = CassandraTelemetry(cassandra, clock, RETENTION_DAYS - 1)
        await telemetry.write(device, [record(clock, T, {"x": 1})])
        about_to_expire = Micros(clock.unique_now() - (RETENTION_DAYS - 1) * DAY_MS * 1_000 + 1_000_000)
        await shorter.write(device, [Record(Millis(T + 1), {"x": 2, "y": 2}, None, about_to_expire)])
        await asyncio.sleep(2.5)
        assert await values_of(telemetry, device) == {T: {"x": 1}}
        assert (await telemetry.latest(device))["x"].timestamp == T
        assert "x" in await telemetry.names(device)

    async def test_an_entry_of_the_catalogue_is_written_again_for_a_record_that_would_outlive_it(
        self,
        telemetry: CassandraTelemetry,
        cassandra: Cassandra,
        raw: CassandraRawTelemetry,
        clock: Clock,
        device: int,
    ) -> None:
        await telemetry.write(device, [expiring(clock, 60, T, {"x": 1})])
        for batches in (2, 1):
            async with counted(cassandra) as sent:
                await telemetry.write(device, [record(clock, T + 1, {"x": 2})])
            assert (sent.batches, sent.statements) == (batches, 0)
        (entry,) = await raw.rows("telemetry_schemas", "ttl(names) AS ttl", device)
        assert entry["ttl"] > RETENTION_DAYS * 86_400

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
