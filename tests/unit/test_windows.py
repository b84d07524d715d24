"""Windows of time, compared with the calendar of datetime and zoneinfo."""

import struct
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.domain.time_windows import (
    MAX_WIDTH_MS,
    MIN_WIDTH_MS,
    CalendarUnit,
    Window,
    parse_window,
    parse_zone,
    segments,
    window_index,
    window_start,
)
from iotflow.domain.times import DAY_MS, LATEST_MS, Millis, TimeRange

MINUTE = 60_000
HOUR = 60 * MINUTE
EPOCH = date(1970, 1, 1)


def utc(text: str) -> Millis:
    return Millis(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000))


# Each zone with a time near a change of its clocks.
CHANGES = {
    "America/New_York": utc("2013-03-10 07:00"),
    "Europe/Berlin": utc("2026-10-25 01:00"),
    "Australia/Lord_Howe": utc("2026-04-04 15:00"),  # by half an hour
    "Asia/Kathmandu": utc("1985-12-31 18:30"),  # from +5:30 to +5:45
    "Pacific/Chatham": utc("2026-09-26 14:00"),
    "America/Sao_Paulo": utc("2018-11-04 03:00"),  # midnight skipped
    "Africa/Cairo": utc("2023-04-27 22:00"),  # midnight skipped
    "Asia/Beirut": utc("2022-03-26 22:00"),  # midnight skipped
    "America/Havana": utc("2026-11-01 05:00"),
    "America/St_Johns": utc("2006-10-29 02:31"),  # set back across midnight
    "America/Goose_Bay": utc("1988-10-30 02:01"),  # set back across midnight by two hours
    "Antarctica/Casey": utc("2010-03-04 15:00"),  # set back across midnight by three hours
    "Pacific/Apia": utc("2011-12-30 10:00"),  # a day skipped
    "Pacific/Kwajalein": utc("1993-08-21 12:00"),  # a day skipped
    "Africa/Monrovia": utc("1972-01-07 00:44:30"),  # from -0:44:30 to 0
    "Africa/Casablanca": utc("2026-02-15 02:00"),
    "Asia/Kolkata": utc("2026-01-01 00:00"),
    "UTC": utc("2026-01-01 00:00"),
}
ZONES = sorted(available_timezones())

zones_and_times = st.one_of(
    st.tuples(
        st.sampled_from(sorted(CHANGES)),
        st.one_of(
            st.integers(-3 * DAY_MS, 3 * DAY_MS),
            st.integers(-2 * 24 * 60, 2 * 24 * 60).map(lambda minutes: minutes * MINUTE),
            st.integers(-3, 3),
        ),
    ).map(lambda near: (near[0], max(0, CHANGES[near[0]] + near[1]))),
    st.tuples(st.sampled_from(ZONES), st.integers(0, utc("2037-01-01 00:00"))),
)
windows_of_days = st.sampled_from([1, 1, 1, 2, 7, 30]).map(lambda days: Window(days * DAY_MS))
calendar_windows = st.sampled_from(CalendarUnit).map(lambda unit: Window(DAY_MS, unit))
DAY = Window(DAY_MS)


def local_date(time: int, zone: ZoneInfo) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)).astimezone(zone).date()


def zone_of(rule: str) -> ZoneInfo:
    """Build a zone of one POSIX rule (RFC 9636, version 2: no transitions, one local time type, and the rule)."""
    block = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"AAA\0"
    return ZoneInfo.from_file(BytesIO(block * 2 + b"\n" + rule.encode() + b"\n"))


def assert_begins_the_day(start: int, day: date, zone: ZoneInfo) -> None:
    """Check that `start` is the first instant at which the calendar shows `day` or, if that is skipped, a later one."""
    assert local_date(start, zone) >= day
    if start > 0:
        earlier = [start - 1, *(start - minutes * MINUTE for minutes in range(1, 5 * 60))]
        assert all(local_date(time, zone) < day for time in earlier if time >= 0)


class TestWindowsOfDays:
    @given(zones_and_times, windows_of_days)
    @example(("America/St_Johns", utc("2006-10-29 02:31")), DAY)
    @example(("America/St_Johns", utc("2006-10-29 02:30:59.999")), DAY)
    @example(("Pacific/Apia", utc("2011-12-30 10:00")), Window(2 * DAY_MS))
    @example(("America/New_York", 0), DAY)
    def test_a_time_lies_in_the_window_of_its_local_day(self, zone_and_time: tuple[str, int], window: Window) -> None:
        name, time = zone_and_time
        zone, days = ZoneInfo(name), window.step_ms // DAY_MS
        index = window_index(Millis(time), window, zone)
        start, following = window_start(index, window, zone), window_start(index + 1, window, zone)
        assert start <= time < following
        first_day, next_first_day = (EPOCH + timedelta(days=i * days) for i in (index, index + 1))
        assert_begins_the_day(start, first_day, zone)
        assert_begins_the_day(following, next_first_day, zone)

    @given(zones_and_times, st.integers(1, 70 * DAY_MS), windows_of_days | calendar_windows)
    @example(("America/New_York", utc("2013-03-09 07:00")), 5 * DAY_MS, DAY)
    @example(("America/St_Johns", utc("2006-10-29 02:31")), HOUR, DAY)
    def test_segments_give_the_window_of_every_time_of_the_range(
        self, zone_and_time: tuple[str, int], length: int, window: Window
    ) -> None:
        name, start = zone_and_time
        zone, end = ZoneInfo(name), start + length
        parts = list(segments(Millis(start), Millis(end), window, zone))
        bounds = [start, *(part.time_range.end for part in parts)]
        assert bounds[-1] == end
        assert all(part.time_range.start == bound for part, bound in zip(parts, bounds, strict=False))
        for part in parts:
            assert part.time_range.end is not None
            first, last = part.time_range.start, part.time_range.end - 1
            for time in {first, (first + last) // 2, last, *range(first, last, 7 * HOUR)}:
                index = window.index_at(time + part.offset_ms)
                assert window_start(index, window, zone) <= time < window_start(index + 1, window, zone)
                assert index == window_index(Millis(time), window, zone)

    @pytest.mark.parametrize(
        ("zone", "day", "start", "hours"),
        [
            ("UTC", "2026-03-08", "2026-03-08 00:00", 24),
            ("America/New_York", "2013-03-10", "2013-03-10 05:00", 23),
            ("America/New_York", "2013-11-03", "2013-11-03 04:00", 25),
            ("Europe/Berlin", "2026-03-29", "2026-03-28 23:00", 23),
            ("Australia/Lord_Howe", "2026-04-05", "2026-04-04 13:00", 24.5),
            ("Asia/Kolkata", "2026-01-02", "2026-01-01 18:30", 24),
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00", 23),
            ("America/Sao_Paulo", "2018-11-03", "2018-11-03 03:00", 24),
            ("Africa/Cairo", "2023-04-28", "2023-04-27 22:00", 23),
            ("Asia/Beirut", "2022-03-27", "2022-03-26 22:00", 23),
            ("America/Havana", "2026-11-01", "2026-11-01 04:00", 25),
            ("America/St_Johns", "2006-10-28", "2006-10-28 02:30", 24),
            ("America/St_Johns", "2006-10-29", "2006-10-29 02:30", 25),
            ("Antarctica/Casey", "2010-03-05", "2010-03-04 13:00", 27),
            ("Pacific/Apia", "2011-12-29", "2011-12-29 10:00", 24),
            ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00", 24),
            ("Africa/Monrovia", "1971-06-01", "1971-06-01 00:44:30", 24),
            ("Africa/Monrovia", "1972-01-07", "1972-01-07 00:44:30", 23.25 + 30 / 3_600),
        ],
    )
    def test_known_days_of_the_calendar(self, zone: str, day: str, start: str, hours: float) -> None:
        index = (date.fromisoformat(day) - EPOCH).days
        begins = window_start(index, DAY, ZoneInfo(zone))
        assert begins == utc(start)
        ends = window_start(index + 1, DAY, ZoneInfo(zone))
        # The day after 29 December 2011 is skipped in Apia, and begins and ends at once.
        assert (ends - begins) / HOUR == pytest.approx(hours, abs=1e-9)

    def test_a_day_whose_midnight_is_skipped_begins_at_the_clock_change(self) -> None:
        """No real zone has done so since 1970: a custom zone goes from 23:30 to 0:30 on the last Sunday of March."""
        zone = zone_of("AAA0BBB,M3.5.0/23:30,M10.5.0/3:00")
        change, monday = utc("2026-03-29 23:30"), (date(2026, 3, 30) - EPOCH).days
        assert window_start(monday, DAY, zone) == change
        assert [window_index(Millis(time), DAY, zone) - monday for time in (change - 1, change)] == [-1, 0]

    def test_a_skipped_day_has_no_times(self) -> None:
        apia, skipped = ZoneInfo("Pacific/Apia"), (date(2011, 12, 30) - EPOCH).days
        assert window_start(skipped, DAY, apia) == window_start(skipped + 1, DAY, apia)
        around = range(utc("2011-12-28 00:00"), utc("2012-01-02 00:00"), HOUR)
        assert skipped not in {window_index(Millis(time), DAY, apia) for time in around}

    def test_windows_of_days_count_local_days_from_1970(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        # 1970-01-01 was a Thursday.
        assert window_start(2_925, Window(7 * DAY_MS), berlin) == utc("2026-01-21 23:00")
        assert window_index(utc("2026-01-28 22:59:59.999"), Window(7 * DAY_MS), berlin) == 2_925
        assert window_index(utc("2026-01-28 23:00"), Window(7 * DAY_MS), berlin) == 2_926

    def test_a_first_day_that_begins_before_the_epoch_begins_at_the_epoch(self) -> None:
        new_york = ZoneInfo("America/New_York")
        assert window_index(Millis(0), DAY, new_york) == -1
        assert window_start(-1, DAY, new_york) == 0
        assert window_start(0, DAY, new_york) == 5 * HOUR
        assert window_start(0, DAY, ZoneInfo("Asia/Tokyo")) == 0

    def test_the_last_possible_time_has_a_window(self) -> None:
        for zone in ("UTC", "Pacific/Kiritimati", "America/Adak"):
            assert window_index(LATEST_MS, DAY, ZoneInfo(zone)) >= LATEST_MS // DAY_MS - 1


class TestOtherWindows:
    @given(
        zones_and_times,
        st.integers(MIN_WIDTH_MS // 1_000, MAX_WIDTH_MS // 1_000)
        .map(lambda seconds: seconds * 1_000)
        .filter(lambda width_ms: width_ms % DAY_MS),
    )
    def test_they_align_to_the_epoch_in_every_zone(self, zone_and_time: tuple[str, int], width_ms: int) -> None:
        name, time = zone_and_time
        index = window_index(Millis(time), Window(width_ms), ZoneInfo(name))
        assert index == time // width_ms
        assert window_start(index, Window(width_ms), ZoneInfo(name)) == time // width_ms * width_ms

    def test_their_range_is_one_segment(self) -> None:
        start, end = utc("2013-01-01 00:00"), utc("2014-01-01 00:00")
        (part,) = segments(start, end, Window(HOUR), ZoneInfo("America/New_York"))
        assert (part.time_range, part.offset_ms) == (TimeRange(start, end), 0)

    @pytest.mark.parametrize("width_ms", [HOUR, DAY_MS])
    def test_an_empty_range_has_no_segments(self, width_ms: int) -> None:
        for start, end in ((5, 5), (6, 5)):
            assert list(segments(Millis(start), Millis(end), Window(width_ms), ZoneInfo("Europe/Berlin"))) == []


def test_a_year_has_a_segment_for_each_offset() -> None:
    start, end = utc("2013-01-01 05:00"), utc("2014-01-01 05:00")
    parts = list(segments(start, end, DAY, ZoneInfo("America/New_York")))
    assert [(part.time_range, part.offset_ms // HOUR) for part in parts] == [
        (TimeRange(start, utc("2013-03-10 07:00")), -5),
        (TimeRange(utc("2013-03-10 07:00"), utc("2013-11-03 06:00")), -4),
        (TimeRange(utc("2013-11-03 06:00"), end), -5),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("90s", 90),
        ("1m", 60),
        ("15m", 900),
        ("1h", 3_600),
        ("24h", 86_400),
        ("30d", 2_592_000),
        ("720h", 2_592_000),
        ("2592000s", 2_592_000),
        ("010s", 10),
    ],
)
def test_valid_widths(text: str, seconds: int) -> None:
    assert parse_window(text) == Window(seconds * 1_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9s",
        "0d",
        "31d",
        "721h",
        "1",
        "h",
        "-1h",
        "1.5h",
        " 1h",
        "1h\n",
        "1H",
        "\u0661h",
        "1h30m",
        "9" * 5_000,
    ],
)
def test_invalid_widths(text: str) -> None:
    with pytest.raises(ValueError, match="10s to 30d"):
        parse_window(text)


@pytest.mark.parametrize(
    ("text", "follows"), [("1d", True), ("30d", True), ("48h", True), ("1h", False), ("36h", False), ("1y", True)]
)
def test_whole_days_follow_local_days(text: str, follows: bool) -> None:
    assert parse_window(text).follows_local_days is follows


def test_zones_are_those_of_the_tz_database() -> None:
    assert parse_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert parse_zone("UTC").utcoffset(datetime(2026, 1, 1, tzinfo=UTC)) == timedelta(0)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Phobos",
        "europe/berlin",
        "Europe",
        "+01:00",
        "CEST-2",
        "../Europe/Berlin",
        "/etc/localtime",
        "localtime",
        "posixrules",
        "Factory",
        "a\0b",
        "x" * 5_000,
    ],
)
def test_other_zones_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        parse_zone(name)
