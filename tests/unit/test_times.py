"""Formats of times in the API."""

import math
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.domain.times import (
    DAY_MS,
    EPOCH_UNITS,
    LATEST_MS,
    Millis,
    TimeRange,
    epoch_unit,
    format_rfc3339,
    parse_epoch,
    parse_query_time,
    parse_rfc3339,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = Millis(1_772_366_400_123)
SECONDS_END = 10**11

times = st.integers(0, LATEST_MS).map(Millis)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59)
seconds_of_the_calendar = st.integers(0, (LATEST_MS - DAY_MS) // 1_000)


def millis_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def written(moment: datetime, fraction: str, offset_minutes: int, t: str = "T") -> str:
    sign, minutes = "-" if offset_minutes < 0 else "+", abs(offset_minutes)
    return (
        f"{moment:%Y-%m-%d}{t}{moment:%H:%M:%S}{'.' if fraction else ''}{fraction}"
        f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    )


class TestRfc3339:
    @given(times)
    @example(Millis(0))
    @example(LATEST_MS)
    def test_a_formatted_time_parses_back(self, time: Millis) -> None:
        text = format_rfc3339(time)
        assert parse_rfc3339(text) == time
        assert len(text) == len("2026-01-31T09:30:00.000Z")
        assert millis_of(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")) == time

    @given(seconds_of_the_calendar, offsets, st.text("0123456789", max_size=30), st.sampled_from("Tt "))
    @example(1_769_851_800, 0, "9999999", "T")
    def test_any_offset_is_parsed_and_fractions_of_a_millisecond_are_cut_off(
        self, seconds: int, offset_minutes: int, fraction: str, t: str
    ) -> None:
        zone = timezone(timedelta(minutes=offset_minutes))
        text = written((EPOCH + timedelta(seconds=seconds)).astimezone(zone), fraction, offset_minutes, t)
        assert parse_rfc3339(text) == int((seconds + Fraction(f"0.{fraction or 0}")) * 1_000)

    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:59:59.001+00:59", 59_001),
            ("1969-12-31T23:00:00-01:00", 0),
            ("1970-01-01T00:00:00.0009z", 0),
            ("2026-01-31t09:30:00.5-00:00", 1_769_851_800_500),
            ("2026-01-31T10:30:00+01", 1_769_851_800_000),
            ("2026-01-31T10:30:00+0100", 1_769_851_800_000),
            ("2026-01-31 06:00:00.25-0330", 1_769_851_800_250),
            ("2024-02-29 23:59:59.999999999Z", 1_709_251_199_999),
            ("9999-12-31T23:59:59.999Z", LATEST_MS),
        ],
    )
    def test_valid_times(self, text: str, time: int) -> None:
        assert parse_rfc3339(text) == time

    @pytest.mark.parametrize(
        "text",
        [
            "2026-01-31T09:30:00",
            "2026-01-31",
            "2026-01-31T09:30Z",
            "2026-01-31T09:30:00+1",
            "2026-01-31T09:30:00+010",
            "2026-01-31T09:30:00+01:0",
            "2026-01-31T09:30:00+2400",
            "2026-01-31T09:30:00 +01:00",
            "2026-01-31T09:30:00+24:00",
            "2026-01-31T09:30:00+01:60",
            "2026-01-31T24:00:00Z",
            "2026-01-31T23:60:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-01-31T09:30:00.Z",
            "2026-01-31T09:30:00,5Z",
            "2026-01-31T09:30:00ZZ",
            " 2026-01-31T09:30:00Z",
            "2026-01-31T09:30:00Z\n",
            "2026-W05-6T09:30:00Z",
            "20260131T093000Z",
            "+2026-01-31T09:30:00Z",
            "-2026-01-31T09:30:00Z",
            "12026-01-31T09:30:00Z",
            "\uff12\uff10\uff12\uff16-01-31T09:30:00Z",
            "1769851800",
            "now",
            "",
            f"2026-01-31T09:30:00.{'1' * 100}Z",
        ],
    )
    def test_invalid_times_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"expected an RFC 3339 time|not a time of the calendar"):
            parse_rfc3339(text)

    @pytest.mark.parametrize(
        "text", ["1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00+00:01", "0001-01-01T00:00:00+23:59"]
    )
    def test_times_before_1970_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="before 1970"):
            parse_rfc3339(text)

    @pytest.mark.parametrize("text", ["9999-12-31T23:59:00-00:01", "9999-12-31T23:59:59.999-23:59"])
    def test_times_past_the_year_9999_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="after 9999"):
            parse_rfc3339(text)


class TestEpoch:
    @given(st.integers(0, SECONDS_END - 1))
    def test_small_numbers_are_seconds(self, seconds: int) -> None:
        assert parse_epoch(seconds) == seconds * 1_000

    @pytest.mark.parametrize("power", [0, 3, 6])
    @given(millis=st.integers(10**11, LATEST_MS), rest=st.integers(0, 10**6 - 1))
    @example(millis=10**11, rest=0)
    @example(millis=10**14 - 1, rest=999_999)
    def test_larger_numbers_are_milliseconds_microseconds_and_nanoseconds(
        self, power: int, millis: int, rest: int
    ) -> None:
        """Each is exact. Only nanoseconds reach beyond the year 5138, where the next unit begins."""
        number = millis * 10**power + rest % 10**power
        if millis < 10**14 or power == 6:
            assert parse_epoch(number) == millis
            assert parse_query_time(str(number), NOW) == millis
            assert parse_query_time(f"{number}.9999999999", NOW) == millis

    @given(st.floats(SECONDS_END, 2.5e20))
    @example(1e14)
    @example(1e17)
    def test_large_decimals_are_cut_off_to_the_millisecond(self, number: float) -> None:
        assert parse_epoch(number) == int(number) // (10**6 if number >= 1e17 else 10**3 if number >= 1e14 else 1)

    @given(st.integers(0, 10**11 - 2), st.integers(0, 999))
    @example(1, 1)
    @example(1_772_366_400, 123)
    def test_decimal_seconds_are_exact(self, seconds: int, milliseconds: int) -> None:
        assert parse_epoch(float(f"{seconds}.{milliseconds:03}")) == seconds * 1_000 + milliseconds

    @given(st.floats(0, SECONDS_END, exclude_max=True))
    @example(5e-324)
    @example(0.0009999999999999999)
    @example(-0.0)
    def test_any_decimal_is_cut_off_to_the_millisecond(self, seconds: float) -> None:
        # Precisely: of the shortest decimal of this double.
        assert parse_epoch(seconds) == int(Fraction(repr(seconds)) * 1_000)

    @pytest.mark.parametrize("number", [-1, -0.001, -5e-324, -1e300, -(10**400)])
    def test_times_before_1970_are_refused(self, number: float) -> None:
        with pytest.raises(ValueError, match="read as epoch seconds: times before 1970"):
            parse_epoch(number)

    @pytest.mark.parametrize("number", [(LATEST_MS + 1) * 10**6, 1e300, 10**400])
    def test_times_past_the_year_9999_are_refused_with_the_unit(self, number: float) -> None:
        with pytest.raises(ValueError, match="read as epoch nanoseconds: times after 9999"):
            parse_epoch(number)

    @pytest.mark.parametrize(
        ("number", "unit"),
        [(10**11 - 1, "seconds"), (10**11, "milliseconds"), (10**14, "microseconds"), (1e17, "nanoseconds")],
    )
    def test_the_size_of_a_number_selects_its_unit(self, number: float, unit: str) -> None:
        assert epoch_unit(number).name == unit
        assert [later.end for later in EPOCH_UNITS] == sorted(later.end for later in EPOCH_UNITS)

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_values_that_are_not_finite_numbers_are_refused(self, number: float) -> None:
        with pytest.raises(ValueError, match="finite"):
            parse_epoch(number)


class TestQueryTime:
    @pytest.mark.parametrize(
        ("text", "back_ms"),
        [
            ("now", 0),
            ("-0s", 0),
            ("-90s", 90_000),
            ("-15m", 900_000),
            ("-1h", 3_600_000),
            ("-7d", 7 * DAY_MS),
            ("-4w", 28 * DAY_MS),
        ],
    )
    def test_relative_times_are_from_now(self, text: str, back_ms: int) -> None:
        assert parse_query_time(text, NOW) == NOW - back_ms

    @given(st.integers(0, 999_999_999), st.sampled_from("smhdw"))
    def test_a_relative_time_is_never_before_1970(self, amount: int, unit: str) -> None:
        seconds = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}[unit]
        assert parse_query_time(f"-{amount}{unit}", NOW) == max(0, NOW - amount * seconds * 1_000)

    @given(times)
    def test_absolute_times_are_accepted(self, time: Millis) -> None:
        assert parse_query_time(format_rfc3339(time), NOW) == time

    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("0", 0),
            ("1769851800", 1_769_851_800_000),
            ("1769851800.5", 1_769_851_800_500),
            ("1769851800500", 1_769_851_800_500),
            ("1795787788101569", 1_795_787_788_101),
            ("1795787788101569000", 1_795_787_788_101),
            ("99999999999.9999999999", 99_999_999_999_999),
        ],
    )
    def test_epoch_numbers_are_accepted(self, text: str, time: int) -> None:
        assert parse_query_time(text, NOW) == time

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Now",
            "now ",
            "1h",
            "+1h",
            "-1y",
            "-h",
            "-1.5h",
            "--1h",
            "-1h30m",
            "- 1h",
            "-1H",
            "-\u0661h",
            "-1000000000s",
            "-5",
            "1e9",
            "0x10",
            "1_000",
            "NaN",
            "1769851800.",
            "2026-01-31T09:30:00",
            "yesterday",
        ],
    )
    def test_other_values_are_refused_with_the_expected_forms(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"RFC 3339.*-15m.*epoch number"):
            parse_query_time(text, NOW)

    @pytest.mark.parametrize(
        "text", ["2026-01-01T00:00:00 01:00", "2026-01-01 00:00:00.5 0100", "2026-01-01T00:00:00 01"]
    )
    def test_a_space_in_place_of_a_plus_is_explained(self, text: str) -> None:
        with pytest.raises(ValueError, match="write the \\+ of an offset as %2B"):
            parse_query_time(text, NOW)

    def test_the_error_for_an_invalid_calendar_time_has_the_reason(self) -> None:
        with pytest.raises(ValueError, match="before 1970"):
            parse_query_time("1969-12-31T00:00:00Z", NOW)


@given(times, times, st.none() | times)
def test_a_range_is_half_open(time: Millis, start: Millis, end: Millis | None) -> None:
    assert (time in TimeRange(start, end)) == (start <= time and (end is None or time < end))


def test_the_bounds_of_a_range() -> None:
    time_range = TimeRange(Millis(1), Millis(3))
    assert [Millis(time) in time_range for time in range(5)] == [False, True, True, False, False]
    assert Millis(0) not in TimeRange(Millis(1), None)
    assert LATEST_MS in TimeRange(Millis(1), None)
