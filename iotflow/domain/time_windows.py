"""Windows of time: how long, and where each begins.

Windows that are not whole days align to the Unix epoch. Windows of whole days follow a time zone's midnights; a window
of n days counts local days from 1970-01-01. A day lasts from the first instant of its date to the first of the next:
where clocks are set back across midnight, the hour that comes twice belongs to the day that had begun.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from iotflow.domain.times import DAY_MS, LATEST_MS, Millis, TimeRange

MAX_WINDOWS = 10_000
MIN_WIDTH_MS = 10_000
MAX_WIDTH_MS = 30 * DAY_MS

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOW = re.compile(r"([0-9]{1,7})([smhd])", re.ASCII)


@dataclass(frozen=True, slots=True)
class UtcOffsetSegment:
    """A part of a time range in which local days are those of UTC plus one `offset_ms`."""

    time_range: TimeRange
    offset_ms: int


def parse_window(text: str) -> int:
    """Return a window's width in milliseconds, from `10s` to `30d`. Raises ValueError with the accepted form."""
    match = _WINDOW.fullmatch(text)
    width = int(match[1]) * _UNIT_MS[match[2]] if match else 0
    if not MIN_WIDTH_MS <= width <= MAX_WIDTH_MS:
        raise ValueError("expected a width from 10s to 30d in s, m, h or d, like 15m, 1h or 7d")
    return width


def parse_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of a name. Raises ValueError for a name that the database lacks."""
    if name not in _zone_names():
        raise ValueError("expected an IANA time zone, like UTC, Europe/Berlin or America/New_York")
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    # Cached: `available_timezones` opens hundreds of files.
    return frozenset(available_timezones())


def follows_local_days(width_ms: int) -> bool:
    """Return whether windows of this width follow local midnights."""
    return width_ms % DAY_MS == 0


def segments(start: Millis, end: Millis, width_ms: int, zone: ZoneInfo) -> Iterator[UtcOffsetSegment]:
    """Yield the parts of a time range with one offset each, in order; one part for windows that align to the epoch.

    A zone changes its offset at most once within a day: each day is probed, and a change is found by bisection.
    """
    if start >= end:
        return
    if not follows_local_days(width_ms):
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


def window_index(time: Millis, width_ms: int, zone: ZoneInfo) -> int:
    """Return the index of the window that contains a time."""
    (segment,) = segments(time, Millis(time + 1), width_ms, zone)
    return (time + segment.offset_ms) // width_ms


def window_start(index: int, width_ms: int, zone: ZoneInfo) -> Millis:
    """Return the start of a window.

    For windows of whole days it is the first instant of the local day: midnight, or where a clock change skips
    midnight, the instant after the change. The start of a window that begins before 1970 in UTC is the epoch.
    """
    start = index * width_ms
    if not follows_local_days(width_ms):
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
