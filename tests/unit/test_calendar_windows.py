"""Windows of weeks, months, quarters and years, compared with datetime, zoneinfo and pandas."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.domain.time_windows import CalendarUnit, Window, parse_window, window_index, window_start
from iotflow.domain.times import DAY_MS, LATEST_MS, Millis
from tests.unit.test_windows import HOUR, MINUTE, assert_begins_the_day, local_date, utc, zones_and_times


def first_date(day: date, unit: CalendarUnit) -> date:
    """Return the first date of the week, month, quarter or year of a date, found day by day."""
    first: Callable[[date], bool] = {
        CalendarUnit.WEEK: lambda day: day.weekday() == 0,
        CalendarUnit.MONTH: lambda day: day.day == 1,
        CalendarUnit.QUARTER: lambda day: day.day == 1 and day.month in (1, 4, 7, 10),
        CalendarUnit.YEAR: lambda day: (day.month, day.day) == (1, 1),
    }[unit]
    while not first(day):
        day -= timedelta(days=1)
    return day


FREQUENCIES = {
    CalendarUnit.WEEK: "W-SUN",
    CalendarUnit.MONTH: "M",
    CalendarUnit.QUARTER: "Q-DEC",
    CalendarUnit.YEAR: "Y-DEC",
}
"""The periods of pandas that end on Sundays, and on the last days of months, quarters and years."""


@given(zones_and_times, st.sampled_from(CalendarUnit))
@example(("America/New_York", 0), CalendarUnit.YEAR)
@example(("Pacific/Apia", utc("2011-12-31 09:59:59.999")), CalendarUnit.WEEK)
@example(("America/Goose_Bay", utc("1988-10-30 02:01")), CalendarUnit.WEEK)
def test_a_time_lies_in_the_window_of_its_local_date(zone_and_time: tuple[str, int], unit: CalendarUnit) -> None:
    name, time = zone_and_time
    zone, window = ZoneInfo(name), Window(DAY_MS, unit)
    index = window_index(Millis(time), window, zone)
    start, following = window_start(index, window, zone), window_start(index + 1, window, zone)
    assert start <= time < following
    # Near a clock change the local date may step back by an hour: the day that has begun lasts.
    begun = max(local_date(max(0, time - minutes * MINUTE), zone) for minutes in range(0, 5 * 60, 15))
    assert_begins_the_day(start, first_date(begun, unit), zone)
    assert first_date(begun, unit) < first_date(local_date(following, zone), unit)
    assert_begins_the_day(following, first_date(local_date(following, zone), unit), zone)


@pytest.mark.parametrize("unit", CalendarUnit)
def test_they_are_the_periods_of_pandas(unit: CalendarUnit) -> None:
    import pandas as pd  # not by each worker that collects this test

    window, utc_zone = Window(DAY_MS, unit), ZoneInfo("UTC")
    for period in pd.period_range("1970-01-05", "2110-01-01", freq=FREQUENCIES[unit]):
        first, last = (time.value // 10**6 for time in (period.start_time, period.end_time))
        index = window_index(Millis(first), window, utc_zone)
        assert window_start(index, window, utc_zone) == first
        assert window_index(Millis(last), window, utc_zone) == index


@pytest.mark.parametrize("unit", CalendarUnit)
def test_they_follow_each_other(unit: CalendarUnit) -> None:
    window = Window(DAY_MS, unit)
    days = [*range(-1, LATEST_MS // DAY_MS, 5), LATEST_MS // DAY_MS + 1]
    indexes = [window.index_at(day * DAY_MS) for day in days]
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(indexes))
    for index in (indexes[0], indexes[-1]):
        assert window.index_at(window.begin_of(index)) == index == window.index_at(window.begin_of(index + 1) - 1)


@pytest.mark.parametrize(
    ("zone", "text", "time", "start", "hours"),
    [
        ("UTC", "1w", "2026-11-27 12:00", "2026-11-23 00:00", 7 * 24),
        ("Europe/Berlin", "1w", "2026-03-25 12:00", "2026-03-22 23:00", 7 * 24 - 1),
        ("Europe/Berlin", "1w", "2026-10-25 12:00", "2026-10-18 22:00", 7 * 24 + 1),
        ("Europe/Berlin", "1mo", "2026-03-01 00:00", "2026-02-28 23:00", 31 * 24 - 1),
        ("America/New_York", "1mo", "2024-03-01 04:59:59", "2024-02-01 05:00", 29 * 24),
        ("Asia/Kolkata", "3mo", "2026-03-31 18:30", "2026-03-31 18:30", 91 * 24),
        ("Asia/Kolkata", "3mo", "2026-03-31 18:29:59", "2025-12-31 18:30", 90 * 24),
        ("America/New_York", "3mo", "2026-12-31 12:00", "2026-10-01 04:00", 92 * 24 + 1),
        ("Pacific/Auckland", "1y", "2024-12-31 10:59:59", "2023-12-31 11:00", 366 * 24),
        ("Pacific/Auckland", "1y", "2024-12-31 11:00", "2024-12-31 11:00", 365 * 24),
        ("Pacific/Apia", "1mo", "2011-12-15 00:00", "2011-12-01 10:00", 30 * 24),
    ],
)
def test_known_windows(zone: str, text: str, time: str, start: str, hours: int) -> None:
    window = parse_window(text)
    index = window_index(utc(time), window, ZoneInfo(zone))
    begins = window_start(index, window, ZoneInfo(zone))
    assert begins == utc(start)
    assert window_start(index + 1, window, ZoneInfo(zone)) - begins == hours * HOUR


def test_the_first_windows_begin_at_the_epoch() -> None:
    for unit in (CalendarUnit.WEEK, CalendarUnit.MONTH, CalendarUnit.YEAR):
        window, new_york = Window(DAY_MS, unit), ZoneInfo("America/New_York")
        assert window_start(window_index(Millis(0), window, new_york), window, new_york) == 0


@pytest.mark.parametrize("text", ["2w", "1W", "1M", "2mo", "6mo", "12mo", "2y", "1y ", "01w", "w", "mo"])
def test_other_windows_of_the_calendar_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"10s to 30d .* 1w, 1mo, 3mo or 1y"):
        parse_window(text)
