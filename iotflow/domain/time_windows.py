"""Windows of time: how long, and where each begins.

Windows that are not whole days align to the Unix epoch. Windows of whole days follow a time zone's midnights; a window
of n days counts local days from 1970-01-01. Calendar windows are weeks from Monday, months, quarters and years of local
days. A day lasts from the first instant of its date to the first of the next: where clocks are set back across
midnight, the hour that comes twice belongs to the day that had begun.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from iotflow.domain.times import DAY_MS, LATEST_MS, Millis, TimeRange

MAX_WINDOWS = 10_000
MIN_WIDTH_MS = 10_000
MAX_WIDTH_MS = 30 * DAY_MS

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
"""Files of the database that are no zones: the host's zone, rules, and a placeholder."""
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
"""The Gregorian calendar repeats itself. One cycle earlier, `date` also has the days that follow its last year."""
_WINDOW = re.compile(r"([0-9]{1,7})([smhd])", re.ASCII)
_DAYS_SINCE_MONDAY = 3
"""Days from Monday to the epoch, a Thursday."""


class CalendarUnit(StrEnum):
    """A width of windows that begin where those of the calendar do."""

    WEEK = "1w"
    MONTH = "1mo"
    QUARTER = "3mo"
    YEAR = "1y"


_CALENDAR_UNITS = frozenset(CalendarUnit)
_MONTHS = {CalendarUnit.MONTH: 1, CalendarUnit.QUARTER: 3, CalendarUnit.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Window:
    """The windows of one width, numbered in order of time.

    - `step_ms`: the width; for a unit of the calendar a day, of which its windows have several.
    - Local times are milliseconds from 1970-01-01T00:00 by the local clock. Steps are multiples of `step_ms`.
    """

    step_ms: int
    unit: CalendarUnit | None = None

    @property
    def follows_local_days(self) -> bool:
        """Whether the windows begin at local midnights."""
        return self.step_ms % DAY_MS == 0

    def index_at(self, local_ms: int) -> int:
        """Return the index of the window that contains a local time."""
        step = local_ms // self.step_ms
        if self.unit is None:
            return step
        if self.unit is CalendarUnit.WEEK:
            return (step + _DAYS_SINCE_MONDAY) // 7
        return _month_of(step) // _MONTHS[self.unit]

    def begin_of(self, index: int) -> int:
        """Return the local time at which a window begins."""
        if self.unit is None:
            return index * self.step_ms
        if self.unit is CalendarUnit.WEEK:
            return (index * 7 - _DAYS_SINCE_MONDAY) * DAY_MS
        return _first_day_of(index * _MONTHS[self.unit]) * DAY_MS


@dataclass(frozen=True, slots=True)
class UtcOffsetSegment:
    """A part of a time range in which local days are those of UTC plus one `offset_ms`."""

    time_range: TimeRange
    offset_ms: int


def parse_window(text: str) -> Window:
    """Return the windows of a text, `10s` to `30d` or a calendar unit. Raises ValueError with the accepted forms."""
    if text in _CALENDAR_UNITS:
        return Window(DAY_MS, CalendarUnit(text))
    match = _WINDOW.fullmatch(text)
    width = int(match[1]) * _UNIT_MS[match[2]] if match else 0
    if not MIN_WIDTH_MS <= width <= MAX_WIDTH_MS:
        raise ValueError(
            "expected a width from 10s to 30d in s, m, h or d, like 15m, 1h or 7d, or one of the calendar's: "
            "1w, 1mo, 3mo or 1y"
        )
    return Window(width)


def parse_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of a name. Raises ValueError for a name that the database lacks."""
    if name not in _zone_names():
        raise ValueError("expected an IANA time zone, like UTC, Europe/Berlin or America/New_York")
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    # Cached: `available_timezones` opens hundreds of files.
    return frozenset(available_timezones()) - _NO_PLACES


def segments(start: Millis, end: Millis, window: Window, zone: ZoneInfo) -> Iterator[UtcOffsetSegment]:
    """Yield the parts of a time range with one offset each, in order; one part for windows that align to the epoch.

    A zone changes its offset at most once within a day: each day is probed, and a change is found by bisection.
    """
    if start >= end:
        return
    if not window.follows_local_days:
        yield UtcOffsetSegment(TimeRange(start, end), 0)
        return
    # Begin a day earlier: a change just before the start may affect the day that contains the start.
    probe = Millis(max(0, start - DAY_MS))
    part, offset = start, offset_ms(zone, probe)
    while probe < end:
        following = Millis(min(probe + DAY_MS, end))
        following_offset = offset_ms(zone, Millis(following - 1))
        if following_offset != offset:
            change = min(_day_change(zone, Millis(probe - 1), Millis(following - 1)), end)
            if change > part:
                yield UtcOffsetSegment(TimeRange(part, change), offset)
                part = change
            offset = following_offset
        probe = following
    if part < end:
        yield UtcOffsetSegment(TimeRange(part, end), offset)


def window_index(time: Millis, window: Window, zone: ZoneInfo) -> int:
    """Return the index of the window that contains a time."""
    (segment,) = segments(time, Millis(time + 1), window, zone)
    return window.index_at(time + segment.offset_ms)


def window_start(index: int, window: Window, zone: ZoneInfo) -> Millis:
    """Return the start of a window.

    For windows of local days it is the first instant of the first day: midnight, or where a clock change skips
    midnight, the instant after the change. The start of a window that begins before 1970 in UTC is the epoch.
    """
    start = window.begin_of(index)
    if not window.follows_local_days:
        return Millis(start)
    midnight = _EPOCH.replace(tzinfo=None) + timedelta(milliseconds=start)
    local = midnight.replace(tzinfo=zone)
    before, after = _utc_offset(local.replace(fold=0)), _utc_offset(local.replace(fold=1))
    if after > before:
        # Skipped midnight: interpreted with the offset before the change, it is an instant after the change, but the
        # day begins at the change.
        probe = Millis(_epoch_ms(midnight.replace(tzinfo=timezone(before))))
        return _change(zone, Millis(max(0, probe - DAY_MS)), probe)
    return Millis(max(0, _epoch_ms(midnight.replace(tzinfo=timezone(before)))))


def offset_ms(zone: ZoneInfo, time: Millis) -> int:
    """Return the offset of local time from UTC in milliseconds, positive to the east."""
    # datetime would overflow past the year 9999. Two days earlier the offset is the same: no zone's rules change it.
    moment = datetime.fromtimestamp(min(time, LATEST_MS - 2 * DAY_MS) // 1_000, UTC).astimezone(zone)
    return _utc_offset(moment) // timedelta(milliseconds=1)


def _day_change(zone: ZoneInfo, low: Millis, high: Millis) -> Millis:
    """Return the time from which days have the offset after the change between two times.

    It is the change itself, or where the change sets the clock back across midnight, the second occurrence of that
    midnight.
    """
    change = _change(zone, low, high)
    begun = (change - 1 + offset_ms(zone, Millis(change - 1))) // DAY_MS
    return Millis(max(change, begun * DAY_MS - offset_ms(zone, change)))


def _change(zone: ZoneInfo, low: Millis, high: Millis) -> Millis:
    """Return the first instant in `(low, high]` with the offset of `high`, which differs from that of `low`."""
    target = offset_ms(zone, high)
    while high - low > 1:
        middle = Millis((low + high) // 2)
        if offset_ms(zone, middle) == target:
            high = middle
        else:
            low = middle
    return high


def _utc_offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("time zone: no offset from UTC; use a zone of the IANA database")
    return offset


def _epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _month_of(day: int) -> int:
    """Return the month of a day, both counted from the epoch."""
    earlier = date.fromordinal(day + _EPOCH.toordinal() - _CYCLE_DAYS)
    return (earlier.year + _CYCLE_YEARS - _EPOCH.year) * 12 + earlier.month - 1


def _first_day_of(month: int) -> int:
    """Return the first day of a month, both counted from the epoch."""
    year, months = divmod(month, 12)
    earlier = date(year + _EPOCH.year - _CYCLE_YEARS, months + 1, 1)
    return earlier.toordinal() - _EPOCH.toordinal() + _CYCLE_DAYS
