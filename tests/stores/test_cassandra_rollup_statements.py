"""Numbers of statements of reads with and without stored roll-ups."""

import contextlib
from zoneinfo import ZoneInfo

import pytest

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.time_windows import CalendarUnit, Window, segments
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.cassandra.rollups import store
from iotflow.stores.cassandra.rollups.cell import HOUR_MS
from iotflow.stores.cassandra.session import Cassandra
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import record
from tests.stores.cassandra import counted
from tests.stores.rollup_fixtures import OnRollups, Telemetry


class TestStatements(OnRollups):
    """A year with a value per hour: it has as many days and hours as one with a value per second."""

    END = Millis(START - START % HOUR_MS + 20 * 60_000)
    YEAR = TimeRange(Millis(END - 365 * DAY_MS), END)
    WEEK = TimeRange(Millis(END - 7 * DAY_MS), END)

    @pytest.fixture
    async def year(self, telemetry: Telemetry, clock: FakeClock, device: int) -> int:
        """A device with a value at every half hour past the hour for a year."""
        times = range(self.END - 366 * DAY_MS + 10 * 60_000, self.END, HOUR_MS)
        for first in range(0, len(times), 500):
            await telemetry.write(device, [record(clock, time, {"x": time // HOUR_MS}) for time in times[first:][:500]])
        clock.set(Millis(self.END + 60_000))
        return device

    async def daily(self, telemetry: Telemetry, device: int, zone: str) -> int:
        """Return the number of daily means of the year."""
        return await self.windows(telemetry, device, zone, Window(DAY_MS))

    async def windows(self, telemetry: Telemetry, device: int, zone: str, window: Window) -> int:
        """Return the number of means of the year, read as the service does: a range for each UTC offset."""
        found: set[int] = set()
        for segment in segments(self.YEAR.start, self.END, window, ZoneInfo(zone)):
            aggregates = await telemetry.aggregate(
                device, "x", segment.time_range, Aggregation.MEAN, window=window, offset_ms=segment.offset_ms
            )
            found |= {aggregate.index for aggregate in aggregates}
        return len(found)

    async def test_a_rolled_up_year_takes_few_statements_in_zones_of_whole_hours(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        async with counted(cassandra) as first:
            assert await self.daily(telemetry, year, "UTC") == 366
        # The catalogue, the cells and the ends of the range; one for every four days, and one to store each day.
        assert first.all <= 6 + 92 + 366
        for zone, statements in (("UTC", 6), ("America/New_York", 10), ("Australia/Sydney", 10)):
            async with counted(cassandra) as sent:
                assert await self.daily(telemetry, year, zone) == 366
            assert sent.all <= statements

    async def test_hourly_means_of_a_week_take_few_statements(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        for statements in (4 + 2 + 8, 4):
            async with counted(cassandra) as sent:
                found = await telemetry.aggregate(
                    year, "x", self.WEEK, Aggregation.MEAN, window=Window(HOUR_MS), offset_ms=0
                )
            assert len(found) == 7 * 24
            assert sent.all <= statements

    async def test_only_hours_that_midnight_divides_are_read_from_records(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        await self.daily(telemetry, year, "Asia/Kathmandu")
        async with counted(cassandra) as sent:
            assert await self.daily(telemetry, year, "Asia/Kathmandu") == 366
        assert sent.all <= 5 + 366

    async def test_windows_of_the_calendar_are_answered_from_the_same_hours(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int
    ) -> None:
        await self.daily(telemetry, year, "UTC")
        for unit, windows in ((CalendarUnit.WEEK, 53), (CalendarUnit.MONTH, 13), (CalendarUnit.YEAR, 2)):
            for zone, midnights in (("UTC", 0), ("Asia/Kathmandu", windows)):
                async with counted(cassandra) as sent:
                    assert await self.windows(telemetry, year, zone, Window(DAY_MS, unit)) == windows
                assert sent.all <= 6 + midnights

    async def test_roll_ups_computed_before_the_deadline_are_stored(
        self, telemetry: Telemetry, cassandra: Cassandra, year: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "SCAN_TIMEOUT_S", 0.1)
        attempts = 0
        while True:
            attempts += 1
            with contextlib.suppress(StoreUnavailable):
                assert await self.daily(telemetry, year, "UTC") == 366
                break
        assert 1 < attempts < 100
