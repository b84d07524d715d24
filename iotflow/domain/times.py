"""Times: parsing and formatting of the API's times, and time ranges.

Internally a time is an integer: milliseconds (`Millis`) or microseconds (`Micros`) since the Unix epoch, UTC.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NewType

Millis = NewType("Millis", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND_MS = 1_000
DAY_MS = 86_400_000
LATEST_MS = Millis(253_402_300_799_999)
"""9999-12-31T23:59:59.999Z, the last millisecond in RFC 3339."""

EPOCH_MILLISECONDS_FROM = 100_000_000_000
"""The first number that is read as epoch milliseconds; smaller ones are epoch seconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
"""Formatting a naive time takes a quarter of the time of an aware one."""
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
_RELATIVE = re.compile(r"-([0-9]{1,9})([smhdw])", re.ASCII)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d{1,30}))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


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
    """Return the time of an epoch number: seconds below 1e11 (fractions allowed), milliseconds from there on.

    The time is truncated to the millisecond. Raises ValueError for a time before 1970 or past the year 9999.
    """
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("expected a finite number")
    if number >= EPOCH_MILLISECONDS_FROM:
        return _require_supported(int(number))
    if isinstance(number, int):
        return _require_supported(number * SECOND_MS)
    # The sender wrote the shortest decimal that parses to this double: 1.001 s is 1001 ms, although
    # 1.001 * 1000 is 1000.9999999999999.
    seconds, _, fraction = f"{number:.17f}".partition(".") if number < 1e-4 else repr(number).partition(".")
    return _require_supported(int(seconds) * SECOND_MS + int(fraction.ljust(3, "0")[:3]) if number >= 0 else -1)


def parse_query_time(text: str, now: Millis) -> Millis:
    """Return the time of a query: RFC 3339, `now`, a relative time like `-15m`, or an epoch number in digits.

    A relative time before 1970 is 1970. Raises ValueError with the accepted forms.
    """
    if text == "now":
        return now
    if relative := _RELATIVE.fullmatch(text):
        return Millis(max(0, now - int(relative[1]) * _UNIT_MS[relative[2]]))
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,30})?", text, re.ASCII):
        return parse_epoch(float(text) if "." in text else int(text))
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise ValueError(
            f"{error}; or a relative time like -90s, -15m, -1h, -7d, -4w, now; or an epoch number"
        ) from None


def format_rfc3339(time: Millis) -> str:
    """Return a time in UTC with milliseconds: `2026-01-31T09:30:00.000Z`."""
    return f"{(_NAIVE_EPOCH + timedelta(milliseconds=time)).isoformat(timespec='milliseconds')}Z"


def _require_supported(time: int) -> Millis:
    if time < 0:
        raise ValueError("times before 1970-01-01T00:00:00Z are not taken")
    if time > LATEST_MS:
        raise ValueError("times after 9999-12-31T23:59:59.999Z are not taken")
    return Millis(time)
