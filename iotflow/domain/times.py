"""Times: parsing and formatting of the API's times, and time ranges.

Internally a time is an integer: milliseconds (`Millis`) or microseconds (`Micros`) since the Unix epoch, UTC.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, NewType

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND_MS = 1_000
DAY_MS = 86_400_000
LATEST_MS = Millis(253_402_300_799_999)
"""9999-12-31T23:59:59.999Z, the last millisecond in RFC 3339."""


class EpochUnit(NamedTuple):
    """A unit of epoch numbers. Numbers from `end` on have the next unit."""

    name: str
    per_second: int
    end: float


EPOCH_UNITS = (
    EpochUnit("seconds", 1, 10**11),
    EpochUnit("milliseconds", 10**3, 10**14),
    EpochUnit("microseconds", 10**6, 10**17),
    EpochUnit("nanoseconds", 10**9, math.inf),
)
"""In order of size. Each unit but the first begins at 1973-03-03, each but the last ends in the year 5138."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
"""Formatting a naive time takes a quarter of the time of an aware one."""
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
_RELATIVE = re.compile(r"-([0-9]{1,9})([smhdw])", re.ASCII)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d{1,30}))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)",
    re.ASCII,
)
_LOST_PLUS = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ][0-9:.]+ \d{2}(?::?\d{2})?", re.ASCII)
"""A time in a query whose offset began with an unencoded `+`, which a query holds as a space."""
_EPOCH_TEXT = re.compile(r"([0-9]{1,21})(?:\.([0-9]{1,30}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A half-open range of event times: `start <= t < end`. `end` None: no upper bound."""

    start: Millis
    end: Millis | None

    def __contains__(self, time: Millis) -> bool:
        return self.start <= time and (self.end is None or time < self.end)


def parse_rfc3339(text: str) -> Millis:
    """Return the time of an RFC 3339 text with any offset, truncated to the millisecond.

    Raises ValueError with the fault: not RFC 3339, no offset (the offset of a naive time is not guessed), a leap second
    (`:60`, which `Millis` cannot hold), before 1970.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(
            "expected an RFC 3339 time with an offset, like 2026-01-31T09:30:00Z or 2026-01-31T10:30:00.5+01:00"
        )
    day, clock, fraction, offset = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    except ValueError as error:
        raise ValueError(f"not a time of the calendar: {error}") from error
    seconds = (whole - _EPOCH) // timedelta(seconds=1)
    return _require_supported(seconds * SECOND_MS + int((fraction or "0").ljust(3, "0")[:3]))


def parse_epoch(number: int | float) -> Millis:
    """Return the time of an epoch number, truncated to the millisecond. Its size selects the unit of `EPOCH_UNITS`.

    Raises ValueError, with the unit, for a time before 1970 or past the year 9999.
    """
    if isinstance(number, int):
        return _time_of_epoch(number)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    if number < 0 or number >= EPOCH_UNITS[0].end:
        return _time_of_epoch(math.floor(number))
    # The sender wrote the shortest decimal that parses to this double: 1.001 s is 1001 ms, although
    # 1.001 * 1000 is 1000.9999999999999.
    seconds, _, fraction = f"{number:.17f}".partition(".") if number < 1e-4 else repr(number).partition(".")
    return _time_of_epoch(int(seconds), fraction)


def epoch_unit(number: int | float) -> EpochUnit:
    """Return the unit that the size of an epoch number selects."""
    for unit in EPOCH_UNITS[:-1]:
        if number < unit.end:
            return unit
    return EPOCH_UNITS[-1]


def parse_query_time(text: str, now: Millis) -> Millis:
    """Return the time of a query: RFC 3339, `now`, a relative time like `-15m`, or an epoch number in digits.

    A relative time before 1970 is 1970. Raises ValueError with the accepted forms.
    """
    if text == "now":
        return now
    if relative := _RELATIVE.fullmatch(text):
        return Millis(max(0, now - int(relative[1]) * _UNIT_MS[relative[2]]))
    if epoch := _EPOCH_TEXT.fullmatch(text):
        return _time_of_epoch(int(epoch[1]), epoch[2] or "")
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        if _LOST_PLUS.fullmatch(text):
            raise ValueError("a + in a query stands for a space; write the + of an offset as %2B") from None
        raise ValueError(
            f"{error}; or a relative time like -90s, -15m, -1h, -7d, -4w, now; or an epoch number"
        ) from None


def format_rfc3339(time: Millis) -> str:
    """Return a time in UTC with milliseconds: `2026-01-31T09:30:00.000Z`.

    From tables, in a fifth of the time of `datetime`: a page has up to 10,000 times.
    """
    day, of_day = divmod(time, DAY_MS)
    return f"{_date(day)}{_MINUTES[of_day // 60_000]}{_SECONDS[of_day // 1_000 % 60]}{_MILLIS[of_day % 1_000]}"


@lru_cache(maxsize=1_000)
def _date(day: int) -> str:
    return f"{(_NAIVE_EPOCH + timedelta(days=day)).date().isoformat()}T"


_MINUTES = [f"{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}." for second in range(60)]
_MILLIS = [f"{millis:03}Z" for millis in range(1_000)]


def _time_of_epoch(whole: int, fraction: str = "") -> Millis:
    """Return the time of a number: its whole part, and the digits after the point, which only seconds use."""
    unit = epoch_unit(whole)
    time = whole * SECOND_MS // unit.per_second
    if fraction and unit.per_second == 1:
        time += int(fraction[:3].ljust(3, "0"))
    try:
        return _require_supported(time)
    except ValueError as error:
        raise ValueError(f"read as epoch {unit.name}: {error}") from None


def _require_supported(time: int) -> Millis:
    if time < 0:
        raise ValueError("times before 1970-01-01T00:00:00Z are not taken")
    if time > LATEST_MS:
        raise ValueError("times after 9999-12-31T23:59:59.999Z are not taken")
    return Millis(time)
