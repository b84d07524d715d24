"""Measurements: records, their limits and their rules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import msgspec

from iotflow.domain.errors import FieldError
from iotflow.domain.json import JsonObject, holds_null_character, nesting_error, size_error
from iotflow.domain.times import DAY_MS, Micros, Millis

Value = bool | int | float | str
"""A measured value. Its type is stored: an integer has 64 bits including its sign, a float is finite."""

Reading = Value | None
"""A value as a client sends it. None is no reading: what a failed sensor sends. It is never stored."""

MAX_NAME_LENGTH = 128
MAX_CACHED_NAMES = 10_000
"""Names whose check is cached: some 8 MiB at most."""
MAX_NAMES_PER_RECORD = 256
MAX_CACHED_RECORDS = 500
"""Records whose names are cached as valid: of `MAX_NAMES_OF_CACHED` names at most, some 9 MiB."""
MAX_NAMES_OF_CACHED = 32
MAX_NAMES_PER_DEVICE = 1_000
MAX_STRING_BYTES = 4_096
MAX_METADATA_BYTES = 16_384
MAX_RECORDS_PER_BATCH = 10_000
MAX_AHEAD_MS = 300_000
"""The largest lead of a timestamp over the service's clock, in milliseconds."""

MAX_PAGE_VALUES = 100_000
MAX_PAGE_BYTES = 8 * 2**20
"""Size of one answer: it bounds the memory of the process and the time on the event loop."""
NUMBER_BYTES = 8
"""Size of a number or boolean, as `PageLimit` counts it."""

INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1

INTEGER_ERROR = (
    f"an integer has 64 bits, {INTEGER_MIN} to {INTEGER_MAX}; send others as decimals, such as 18446744073709551615.0"
)
NULL_CHARACTER_ERROR = "text holds no null character"
NO_READING_ERROR = "a record has at least one value that is not null"


class Record(msgspec.Struct, frozen=True):
    """The values and metadata of a device at one event time, as received. `received_us` orders writes of one time."""

    timestamp: Millis
    values: Mapping[str, Value]
    metadata: JsonObject | None
    received_us: Micros


class StoredRecord(msgspec.Struct, frozen=True):
    """The stored values and metadata of a device at one event time.

    `metadata` is JSON text, None without metadata: decoded, 16 KiB of empty arrays would take 20 times the memory.
    """

    timestamp: Millis
    values: Mapping[str, Value]
    metadata: str | None


@dataclass(frozen=True, slots=True)
class PageLimit:
    """The limit of a page of records. The first record always fits.

    `bytes` counts texts and metadata in UTF-8, characters of names, and `NUMBER_BYTES` for any other value.
    """

    records: int
    values: int = MAX_PAGE_VALUES
    bytes: int = MAX_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of records in order. `more`: others follow."""

    records: Sequence[StoredRecord]
    more: bool


class PageRoom:
    """The remaining room of a page while records are added."""

    def __init__(self, limit: PageLimit) -> None:
        self.records = limit.records
        self._values, self._bytes = limit.values, limit.bytes
        self._empty = True

    def take(self, values: int, size: int) -> bool:
        """Take room for a record by its number of values and bytes. Return False if it does not fit: the page ends."""
        self.records -= 1
        self._values -= values
        self._bytes -= size
        fits = self.records >= 0 and (self._empty or (self._values >= 0 and self._bytes >= 0))
        self._empty = False
        return fits


class LatestValue(msgspec.Struct, frozen=True):
    """The newest value of one name by event time. `expires_us` None: never."""

    value: Value
    timestamp: Millis
    received_us: Micros
    expires_us: Micros | None


LatestValues = Mapping[str, LatestValue]
"""Newest values by name; empty for a device without values."""


def name_error(name: str) -> str | None:
    """Return why a measurement's name is invalid, or None."""
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        return f"a measurement's name has 1 to {MAX_NAME_LENGTH} characters, this one has {len(name)}"
    return _character_error(name)


@lru_cache(MAX_CACHED_NAMES)
def _character_error(name: str) -> str | None:
    """Check the characters of a name. Cached, since devices repeat their names; a longer name is never cached."""
    if "," in name:
        return "a measurement's name holds no comma"
    if not name.isprintable() and any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in name):
        return "a measurement's name holds no control character"
    if name != name.strip(" "):
        return "a measurement's name has no space at either end"
    return None


def value_error(value: object) -> str | None:
    """Return why a measured value is invalid, or None for a `Value`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return None
        return INTEGER_ERROR
    if isinstance(value, float):
        if value - value == 0.0:
            return None
        return "a number is finite, not NaN or an infinity"
    if isinstance(value, str):
        if len(value.encode("utf-8", "surrogatepass")) > MAX_STRING_BYTES:
            return f"a string has at most {MAX_STRING_BYTES} bytes in UTF-8"
        return NULL_CHARACTER_ERROR if "\0" in value else None
    return "a value is a finite number, a boolean or a string"


def split_readings(readings: Mapping[str, Reading]) -> tuple[Mapping[str, Value], list[str]]:
    """Return the values of a record, and the names that are without a reading."""
    if None not in readings.values():
        return cast(Mapping[str, Value], readings), []
    values = {name: value for name, value in readings.items() if value is not None}
    return values, [name for name in readings if name not in values]


def names_error(count: int) -> str | None:
    """Return why a record cannot have this number of names, or None."""
    if 1 <= count <= MAX_NAMES_PER_RECORD:
        return None
    return f"a record has 1 to {MAX_NAMES_PER_RECORD} measurements, this one has {count}"


def errors_of_record(readings: Mapping[str, Reading], metadata: JsonObject | None) -> list[FieldError]:
    """Return the errors of a record: in its names, their number, its values and its metadata."""
    if (
        metadata is None
        and len(readings) <= MAX_NAMES_OF_CACHED
        and _are_plain_numbers(readings.values())
        and _are_valid_names(tuple(readings))
    ):
        return []
    if error := names_error(len(readings)):
        return [FieldError(("body", "data"), error)]
    errors = [
        FieldError(("body", "data", name), error)
        for name, value in readings.items()
        if (error := (None if value is None else value_error(value)) or name_error(name))
    ]
    if next(iter(readings.values())) is None and all(value is None for value in readings.values()):
        errors.append(FieldError(("body", "data"), NO_READING_ERROR))
    if metadata is not None and (error := metadata_error(metadata)):
        errors.append(FieldError(("body", "metadata"), error))
    return errors


def _are_plain_numbers(readings: Collection[Reading]) -> bool:
    """Return whether all readings are finite floats, 64-bit integers or booleans, as in most records: without error."""
    for value in readings:
        kind = type(value)
        if kind is float:
            if value - value != 0.0:  # type: ignore[operator]  # mypy does not narrow by `kind`
                return False
        elif kind is not bool and not (kind is int and INTEGER_MIN <= value <= INTEGER_MAX):  # type: ignore[operator]
            return False
    return True


@lru_cache(MAX_CACHED_RECORDS)
def _are_valid_names(names: tuple[str, ...]) -> bool:
    """Return whether a record may have these names. Cached, since devices repeat their names."""
    return names_error(len(names)) is None and not any(map(name_error, names))


def time_error(timestamp: Millis, now: Millis) -> str | None:
    """Return why a record's time is invalid, or None."""
    if timestamp < 0:
        return "before 1970"
    if timestamp > now + MAX_AHEAD_MS:
        return f"more than {MAX_AHEAD_MS // 60_000} minutes ahead of the service's clock"
    return None


def metadata_error(metadata: JsonObject) -> str | None:
    """Return why a record's metadata is invalid, or None."""
    if error := size_error(metadata, "metadata", MAX_METADATA_BYTES) or nesting_error(metadata):
        return error
    return NULL_CHARACTER_ERROR if holds_null_character(metadata) else None


def size_of(values: Mapping[str, Value]) -> int:
    """Return the size of a record's values in bytes, as `PageLimit` counts them."""
    size = len("".join(values)) + NUMBER_BYTES * len(values)
    for value in values.values():
        if isinstance(value, str):
            size += text_bytes(value) - NUMBER_BYTES
    return size


def text_bytes(text: str) -> int:
    """Return the size of a text in UTF-8, in bytes."""
    return len(text) if text.isascii() else len(text.encode())


def expiry(received: Micros, retention_days: int) -> Micros | None:
    """Return when a value expires by its time of receipt; None (never) for a retention of 0 days."""
    return Micros(received + retention_days * DAY_MS * 1_000) if retention_days else None
