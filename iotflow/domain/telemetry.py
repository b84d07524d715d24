"""Measurements: what a device reports, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iotflow.domain.json import JsonObject
from iotflow.domain.times import DAY_MS, Micros, Millis

Value = bool | int | float | str
"""A measured value, kept with its type: an integer has 64 bits and a sign, a float is finite."""

MAX_NAME_LENGTH = 128
MAX_NAMES_PER_RECORD = 256
MAX_NAMES_PER_DEVICE = 1_000
MAX_STRING_BYTES = 4_096
MAX_METADATA_BYTES = 16_384
MAX_RECORDS_PER_BATCH = 10_000
MAX_AHEAD_MS = 300_000
"""How far ahead of the clock a timestamp may be."""

MAX_PAGE_VALUES = 100_000
MAX_PAGE_BYTES = 8 * 2**20
"""What one answer may take of the process's memory and of the event loop's time."""
NUMBER_BYTES = 8

INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """What one submission says of one time. `received` stamps its values and its metadata."""

    timestamp: Millis
    values: Mapping[str, Value]
    metadata: JsonObject | None
    received: Micros


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """All that is stored for one time of a device.

    `metadata` is JSON text: decoded, 16 KiB of empty arrays would take 20 times as much memory.
    """

    timestamp: Millis
    values: Mapping[str, Value]
    metadata: str | None


@dataclass(frozen=True, slots=True)
class PageLimit:
    """The most a page of records holds. Its first record always fits.

    `bytes` counts texts and metadata in UTF-8, characters of names, and 8 for any other value.
    """

    records: int
    values: int = MAX_PAGE_VALUES
    bytes: int = MAX_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records in order, and whether others follow them."""

    records: Sequence[StoredRecord]
    more: bool


class PageRoom:
    """What is left of a page's limit while records are put into it."""

    def __init__(self, limit: PageLimit) -> None:
        self.records = limit.records
        self._values, self._bytes = limit.values, limit.bytes
        self._empty = True

    def take(self, values: int, size: int) -> bool:
        """Make room for a record of so many values and bytes. Return False if it does not fit; then no other does."""
        self.records -= 1
        self._values -= values
        self._bytes -= size
        fits = self.records >= 0 and (self._empty or (self._values >= 0 and self._bytes >= 0))
        self._empty = False
        return fits


@dataclass(frozen=True, slots=True)
class LatestValue:
    """The newest value of one name by event time. `expires` None is never."""

    value: Value
    timestamp: Millis
    received: Micros
    expires: Micros | None


LatestValues = Mapping[str, LatestValue]
"""Name to newest value; empty where the device never sent any."""


def name_error(name: str) -> str | None:
    """What is wrong with a measurement's name, or None."""
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        return f"a measurement's name has 1 to {MAX_NAME_LENGTH} characters, this one has {len(name)}"
    if "," in name:
        return "a measurement's name holds no comma"
    if not name.isprintable() and any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in name):
        return "a measurement's name holds no control character"
    if name != name.strip(" "):
        return "a measurement's name has no space at either end"
    return None


def value_error(value: object) -> str | None:
    """What is wrong with a measured value, or None for a `Value`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return None
        return "an integer has at most 64 bits with its sign: -2**63 to 2**63-1"
    if isinstance(value, float):
        if value - value == 0.0:
            return None
        return "a number is finite, not NaN or an infinity"
    if isinstance(value, str):
        if len(value.encode("utf-8", "surrogatepass")) > MAX_STRING_BYTES:
            return f"a string has at most {MAX_STRING_BYTES} bytes in UTF-8"
        return None
    return "a value is a finite number, a boolean or a string"


def size_of(values: Mapping[str, Value]) -> int:
    """How many bytes a record's values have, as `PageLimit` counts them."""
    return sum(
        len(name) + (text_bytes(value) if isinstance(value, str) else NUMBER_BYTES) for name, value in values.items()
    )


def text_bytes(text: str) -> int:
    """How many bytes a text has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def expiry(received: Micros, retention_days: int) -> Micros | None:
    """When a value received then expires; None, never, for a retention of 0 days."""
    return Micros(received + retention_days * DAY_MS * 1_000) if retention_days else None
