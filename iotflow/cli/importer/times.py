"""Parses the times of files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from iotflow.cli.errors import UsageError
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, parse_epoch, parse_rfc3339

# Ten digits are seconds from 2001 to 2286, thirteen are milliseconds. Other lengths are ambiguous: 20260131 may be a
# date without dashes.
_EPOCH_TEXT = re.compile(r"[0-9]{10}(\.[0-9]{1,9})?|[0-9]{13}", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReadTime:
    """An instant. `repeated`: its local time occurred twice that day, and the earlier instant was used."""

    time: Millis
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class TimeReader:
    """A parser by `time_format` (strptime), else for RFC 3339, ISO 8601 without an offset, and epoch numbers.

    `zone` applies to times without an offset.
    """

    time_format: str | None
    zone: ZoneInfo | None

    def read(self, cell: Value) -> ReadTime:
        """Parse a cell. Raises ValueError for a bad cell, UsageError if an option is missing."""
        if self.time_format is None and isinstance(cell, int | float) and not isinstance(cell, bool):
            return ReadTime(parse_epoch(cell))
        text = str(cell).strip()
        if self.time_format is not None:
            return self._instant(datetime.strptime(text, self.time_format))  # noqa: DTZ007 - _instant adds the zone
        if _EPOCH_TEXT.fullmatch(text):
            return ReadTime(parse_epoch(float(text) if "." in text else int(text)))
        if _NAIVE.fullmatch(text):
            return self._instant(datetime.fromisoformat(text.upper()))
        try:
            return ReadTime(parse_rfc3339(text))
        except ValueError as error:
            raise ValueError(
                f"{error}; or, with --timezone, a local time like 2026-01-31 09:30; or epoch seconds (10 digits) or "
                "milliseconds (13); or set --time-format"
            ) from None

    def _instant(self, moment: datetime) -> ReadTime:
        if moment.tzinfo is not None:
            return ReadTime(_millis(moment))
        if self.zone is None:
            raise UsageError("a time without an offset: set --timezone, like Europe/Berlin")
        earlier, later = moment.replace(tzinfo=self.zone, fold=0), moment.replace(tzinfo=self.zone, fold=1)
        before, after = earlier.utcoffset(), later.utcoffset()
        assert before is not None
        assert after is not None
        if after > before:
            raise ValueError(f"the clocks of {self.zone} skipped {moment:%Y-%m-%d %H:%M:%S}")
        return ReadTime(_millis(earlier), repeated=after < before)


def _millis(moment: datetime) -> Millis:
    try:
        return parse_rfc3339(moment.astimezone(UTC).isoformat())
    except OverflowError:
        raise ValueError("not a time of the calendar") from None
