"""Hourly roll-ups in Cassandra: how many statements they save, and how many they cost."""

import contextlib
from zoneinfo import ZoneInfo

import pytest

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.domain.windows import segments
from iotflow.stores.cassandra import rollups
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.hours import HOUR_MS
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import record
from tests.stores.cassandra import counted
from tests.stores.rolled_up import OnRollups, Telemetry


class TestStatements(OnRollups):
    """A year of a value an hour is as many days and hours as one of a value a second."""

    END = Millis(START - START % HOUR_MS + 20 * 60_000)
    YEAR = Span(Millis(END - 365 * DAY_MS), END)
    WEEK = Span(Millis(END - 7 * DAY_MS), END)

    @pytest.fixture
    async def year(self, telemetry: Telemetry, clock: FakeClock, device: int) -> int:
        """A device that has sent at every half past for a year."""
        times = range(self.END - 366 * DAY_MS + 10 * 60_000, self.END, HOUR_MS)
        for first in range(0, len(times), 500):
            await telemetry.write(device, [record(clock, time, {"x": time // HOUR_MS}) for time in times[first:][:500]])
        clock.set(Millis(self.END + 60_000))
        return device

    async def daily(self, telemetry: Telemetry, device: int, zone: str) -> int:
        """How many days the year has, asked for as the service does: a range for each offset of the zone."""
        days: set[int] = set()
        for segment in segments(self.YEAR.start, self.END, DAY_MS, ZoneInfo(zone)):
            buckets = await telemetry.aggregate(
                device, "x", segment.span, Aggregation.MEAN, width_ms=DAY_MS, offset_ms=segment.offset_ms
            )
            days |= {bucket.index for bucket in buckets}
        return len(days)

    async def test_a_year_rolled_up_is_few_statements_in_a_zone_of_whole_hours(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        async with counted(cassandra) as first:
            assert await self.daily(telemetry, year, "UTC") == 366
        # A catalogue, the cells, the edges; two for four days, and one for what is kept of each.
        assert first.all <= 6 + 2 * 92 + 366
        for zone, statements in (("UTC", 6), ("America/New_York", 10), ("Australia/Sydney", 10)):
            async with counted(cassandra) as sent:
                assert await self.daily(telemetry, year, zone) == 366
            assert sent.all <= statements

    async def test_a_week_by_the_hour_is_few_statements(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        for statements in (4 + 2 * 2 + 8, 4):
            async with counted(cassandra) as sent:
                found = await telemetry.aggregate(year, "x", self.WEEK, Aggregation.MEAN, width_ms=HOUR_MS, offset_ms=0)
            assert len(found) == 7 * 24
            assert sent.all <= statements

    async def test_where_midnight_cuts_hours_in_two_only_these_are_read_from_the_points(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        await self.daily(telemetry, year, "Asia/Kathmandu")
        async with counted(cassandra) as sent:
            assert await self.daily(telemetry, year, "Asia/Kathmandu") == 366
        assert sent.all <= 5 + 366

    async def test_what_was_rolled_up_before_the_deadline_is_kept(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rollups, "SCAN_TIMEOUT_S", 0.1)
        attempts = 0
        while True:
            attempts += 1
            with contextlib.suppress(StoreUnavailable):
                assert await self.daily(telemetry, year, "UTC") == 366
                break
        assert 1 < attempts < 100
