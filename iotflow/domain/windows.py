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

from iotflow.domain.times import DAY_MS, LATEST_MS, Millis, Span

MAX_WINDOWS = 10_000
MIN_WIDTH_MS = 10_000
MAX_WIDTH_MS = 30 * DAY_MS

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOW = re.compile(r"([0-9]{1,7})([smhd])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a span in which local days are those of UTC plus one `offset_ms`."""

    span: Span
    offset_ms: int


def parse_window(text: str) -> int:
    """A window's width in milliseconds, from `10s` to `30d`. Raises ValueError saying what would be right."""
    match = _WINDOW.fullmatch(text)
    width = int(match[1]) * _UNIT_MS[match[2]] if match else 0
    if not MIN_WIDTH_MS <= width <= MAX_WIDTH_MS:
        raise ValueError("expected a width from 10s to 30d in s, m, h or d, like 15m, 1h or 7d")
    return width


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone of this name. Raises ValueError for a name that the database lacks."""
    if name not in _zone_names():
        raise ValueError("expected an IANA time zone, like UTC, Europe/Berlin or America/New_York")
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    # Finding them opens hundreds of files.
    return frozenset(available_timezones())


def follows_local_days(width_ms: int) -> bool:
    """Whether windows of this width follow local midnights."""
    return width_ms % DAY_MS == 0


def segments(start: Millis, end: Millis, width_ms: int, zone: ZoneInfo) -> Iterator[Segment]:
    """The span in parts of one offset each, in order; one part for windows that align to the epoch.

    A zone changes its offset at most once within a day: days are probed and a change is found by bisection.
    """
    if start >= end:
        return
    if not follows_local_days(width_ms):
        yield Segment(Span(start, end), 0)
        return
    # From a day before: a change just before the start may concern the day that it lies in.
    probe = Millis(max(0, start - DAY_MS))
    part, offset = start, offset_ms(zone, probe)
    while probe < end:
        following = Millis(min(probe + DAY_MS, end))
        following_offset = offset_ms(zone, Millis(following - 1))
        if following_offset != offset:
            change = min(_day_change(zone, Millis(probe - 1), Millis(following - 1)), end)
            if change > part:
                yield Segment(Span(part, change), offset)
                part = change
            offset = following_offset
        probe = following
    if part < end:
        yield Segment(Span(part, end), offset)


def window_index(time: Millis, width_ms: int, zone: ZoneInfo) -> int:
    """Which window a time falls into."""
    (segment,) = segments(time, Millis(time + 1), width_ms, zone)
    return (time + segment.offset_ms) // width_ms


def window_start(index: int, width_ms: int, zone: ZoneInfo) -> Millis:
    """When a window begins.

    For windows of whole days that is the first instant of the local day: midnight, or where a clock change skips
    midnight the moment after it. A first window that begins before 1970 in UTC is said to begin at the epoch.
    """
    start = index * width_ms
    if not follows_local_days(width_ms):
        return Millis(start)
    midnight = _EPOCH.replace(tzinfo=None) + timedelta(milliseconds=start)
    local = midnight.replace(tzinfo=zone)
    before, after = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    if after > before:
        # Skipped midnight: read with the offset before the change it is an instant after the change; the day begins
        # at the change itself.
        probe = Millis(_epoch_ms(midnight.replace(tzinfo=timezone(before))))
        return _change(zone, Millis(max(0, probe - DAY_MS)), probe)
    return Millis(max(0, _epoch_ms(midnight.replace(tzinfo=timezone(before)))))


def offset_ms(zone: ZoneInfo, time: Millis) -> int:
    """How far local time is ahead of UTC."""
    # Past the last year that datetime holds the year before it serves: no zone's rules reach that far.
    moment = datetime.fromtimestamp(min(time, LATEST_MS - 2 * DAY_MS) // 1_000, UTC).astimezone(zone)
    offset = moment.utcoffset()
    assert offset is not None
    return offset // timedelta(milliseconds=1)


def _day_change(zone: ZoneInfo, low: Millis, high: Millis) -> Millis:
    """From when on days are counted with the offset after the change between two times.

    That is the change, or where it sets the clock back across midnight, the second time that this midnight comes.
    """
    change = _change(zone, low, high)
    begun = (change - 1 + offset_ms(zone, Millis(change - 1))) // DAY_MS
    return Millis(max(change, begun * DAY_MS - offset_ms(zone, change)))


def _change(zone: ZoneInfo, low: Millis, high: Millis) -> Millis:
    """The first instant after `low` and up to `high` at which the offset is `high`'s; it differs from `low`'s."""
    target = offset_ms(zone, high)
    while high - low > 1:
        middle = Millis((low + high) // 2)
        if offset_ms(zone, middle) == target:
            high = middle
        else:
            low = middle
    return high


def _epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
