"""Parses the times of files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.csv_rows import shorten
from iotflow.domain.time_windows import parse_zone
from iotflow.domain.times import Millis, parse_epoch, parse_rfc3339

EXCEL = "excel"
"""The --time-format of Excel's serial days."""
# Ten digits are seconds from 2001 to 2286, thirteen are milliseconds, and so on. Other lengths are ambiguous: 20260131
# may be a date without dashes.
_EPOCH_TEXT = re.compile(r"[0-9]{10}(\.[0-9]{1,9})?|[0-9]{13}|[0-9]{16}|[0-9]{19}", re.ASCII)
_SERIAL_TEXT = re.compile(r"[2-7][0-9]{4}([.,][0-9]+)?", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ]+(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,30}))?)?"
    r" ?(?:([Zz]|UTC|GMT)|([+-]\d{2}):?(\d{2})?)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?", re.ASCII)
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - serial days are local times
_FORMATS = [
    f"{day}{clock}"
    for day in (
        "%d.%m.%Y",
        "%d.%m.%y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%m/%d/%y",
        "%d/%m/%y",
        "%d-%m-%Y",
        "%Y/%m/%d",
        "%Y%m%d",
    )
    for clock in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p")
]


@dataclass(frozen=True, slots=True)
class ReadTime:
    """An instant. `repeated`: its local time occurred twice that day, and the earlier instant was used."""

    time: Millis
    repeated: bool = False


class TimeReader:
    """A parser by `time_format` (strptime), else for RFC 3339, ISO 8601 without an offset, and epoch numbers.

    `zone` applies to times without an offset. With `dst_order` the times of a series ascend: a repeated local time that
    would go back is the later one.
    """

    def __init__(self, time_format: str | None, zone: tzinfo | None, *, dst_order: bool = False) -> None:
        self.time_format = time_format
        self.zone = zone
        self._dst_order = dst_order
        self._last: dict[str, tuple[datetime, Millis]] = {}

    def read(self, cell: object, series: str = "") -> ReadTime:
        """Parse a cell of a series. Raises ValueError for a bad cell, UsageError if an option is missing."""
        if self.time_format is None and isinstance(cell, int | float) and not isinstance(cell, bool):
            return ReadTime(parse_epoch(cell))
        text = str(cell).strip()
        if self.time_format is not None:
            return self._instant(self._by_format(text, self.time_format), text, series)
        if _EPOCH_TEXT.fullmatch(text):
            return ReadTime(parse_epoch(float(text) if "." in text else int(text)))
        if _NAIVE.fullmatch(text) and " 24:" not in text and "T24:" not in text:
            return self._instant(datetime.fromisoformat(text.upper()), text, series)
        try:
            return ReadTime(parse_rfc3339(text))
        except ValueError as error:
            if (moment := _parse_iso(text)) is not None:
                return self._instant(moment, text, series)
            raise ValueError(f"{error}{_advice(text)}; read {shorten(text)}") from None

    def _by_format(self, text: str, time_format: str) -> datetime:
        if time_format == EXCEL:
            try:
                seconds = round(float(text.replace(",", ".")) * 86_400, 3)
                return _EXCEL_EPOCH + timedelta(seconds=seconds)
            except (ValueError, OverflowError):
                raise ValueError(f"expected Excel's serial day, like 46053.5; read {shorten(text)}") from None
        try:
            return datetime.strptime(text, time_format)  # noqa: DTZ007 - _instant adds the zone
        except ValueError as error:
            if "%H" in time_format and "24:00" in text:
                return datetime.strptime(text.replace("24:00", "00:00"), time_format) + timedelta(days=1)  # noqa: DTZ007
            raise ValueError(f"{error}; see --time-format") from None

    def _instant(self, moment: datetime, text: str, series: str) -> ReadTime:
        if moment.tzinfo is not None:
            return ReadTime(_millis(moment))
        if self.zone is None:
            raise UsageError(
                f"a time without an offset: set --timezone, like Europe/Berlin or +01:00; read {shorten(text)}"
            )
        earlier, later = moment.replace(tzinfo=self.zone, fold=0), moment.replace(tzinfo=self.zone, fold=1)
        before, after = earlier.utcoffset(), later.utcoffset()
        if before is None or after is None:
            raise UsageError(f"--timezone {self.zone}: no offset")
        if after > before:
            raise ValueError(
                f"the clocks of {self.zone} skipped {moment:%Y-%m-%d %H:%M:%S}: this local time does not exist; if the "
                f"logger's clock is not changed, name its offset, like --timezone {_format_offset(before)}"
            )
        first = _millis(earlier)
        if not self._dst_order:
            return ReadTime(first, repeated=after < before)
        last = self._last.get(series)
        time = first
        if last is not None and after < before and (first < last[1] or moment == last[0]):
            time = last[1] if moment == last[0] else _millis(later)
        self._last[series] = moment, time
        return ReadTime(time)


def read_zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name or an offset like +01:00. Raises ValueError."""
    match = _OFFSET.fullmatch(name)
    if match is None:
        return parse_zone(name)
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if offset >= timedelta(days=1):
        raise ValueError("expected an offset below 24 hours")
    return timezone(-offset if sign == "-" else offset)


def _parse_iso(text: str) -> datetime | None:
    """Parse ISO 8601 with 24:00, without seconds, or with a short offset. Return None for another form."""
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    day, hour, minute, second, fraction, utc, offset_hours, offset_minutes = match.groups()
    is_end = hour == "24" and minute == "00" and int(second or 0) == 0
    offset = "+00:00" if utc else f"{offset_hours}:{offset_minutes or '00'}" if offset_hours else ""
    clock = f"{'00' if is_end else hour}:{minute}:{second or '00'}.{(fraction or '0').ljust(6, '0')[:6]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}{offset}") + timedelta(days=is_end)
    except (ValueError, OverflowError):
        return None


def _advice(text: str) -> str:
    """Return the option that would read a time."""
    if _SERIAL_TEXT.fullmatch(text):
        return "; for Excel's serial days set --time-format excel"
    for time_format in _FORMATS:
        try:
            datetime.strptime(text, time_format)  # noqa: DTZ007 - only its form matters
        except ValueError:
            continue
        return f"; set --time-format, like '{time_format}'"
    return (
        "; or, with --timezone, a local time like 2026-01-31 09:30; or epoch seconds (10 digits), milliseconds (13), "
        "microseconds (16) or nanoseconds (19); or set --time-format"
    )


def _format_offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _millis(moment: datetime) -> Millis:
    try:
        return parse_rfc3339(moment.astimezone(UTC).isoformat())
    except OverflowError:
        raise ValueError("not a time of the calendar") from None
