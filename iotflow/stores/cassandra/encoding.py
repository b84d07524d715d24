"""The encoding of times, values and retention in rows.

A partition holds one device's day of UTC. Values are MessagePack in a record and a `measured` among the points. Each
value has its TTL, in whole seconds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import Value, expiry
from iotflow.domain.times import DAY_MS, LATEST_MS, Micros, Millis, TimeRange, format_rfc3339

MAX_DAYS_PER_STATEMENT = 32
"""Partitions that one statement reads: more would occupy its coordinator for long."""

NO_EXPIRY = 0
"""The TTL of a value that never expires."""

LAST_EXPIRY_S = 2**31 - 2
"""2038-01-19T03:14:06Z, the latest expiry that Cassandra accepts by default, in seconds since the epoch."""

ARRAY_32 = b"\xdd"
"""The header of an array with a length of four bytes: MessagePack specification, "array format family"."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Value])


def day_of(time: Millis) -> int:
    """Return the day of a time, counted from the epoch."""
    return time // DAY_MS


def day_span(day: int) -> TimeRange:
    """Return the range of times of a day."""
    return TimeRange(Millis(day * DAY_MS), Millis((day + 1) * DAY_MS))


def bounds(time_range: TimeRange) -> tuple[Millis, Millis]:
    """Return a range's start and end. The end of an open range is past the last valid time."""
    return time_range.start, Millis(LATEST_MS + 1) if time_range.end is None else time_range.end


def days_within(time_range: TimeRange) -> range:
    """Return the days that a range touches."""
    start, end = bounds(time_range)
    return range(day_of(start), day_of(Millis(end - 1)) + 1) if start < end else range(0)


def grouped(days: Sequence[int], size: int = MAX_DAYS_PER_STATEMENT) -> Iterator[Sequence[int]]:
    """Yield the days in groups, one for each statement."""
    for first in range(0, len(days), size):
        yield days[first : first + size]


def timestamp(time: int) -> Decimal:
    """Return milliseconds as the driver expects a timestamp: in seconds, and exact."""
    return Decimal(time) / 1_000


def encode_value(value: Value) -> bytes:
    """Encode a value of a record; MessagePack keeps its type."""
    return _encoder.encode(value)


def decode_values(encoded: Sequence[bytes]) -> list[Value]:
    """Decode values of records. As one array they decode several times as fast as one by one."""
    return _decoder.decode(b"".join((ARRAY_32, len(encoded).to_bytes(4), *encoded)))


def encode_measured(value: Value) -> dict[str, Value]:
    """Encode a value of a point: one field of a `measured` is set, which one depends on the value's type."""
    match value:
        case bool():
            return {"b": value}
        case int():
            return {"i": value}
        case float():
            return {"f": value}
        case _:
            return {"s": value}


def decode_measured(fields: Mapping[str, Any]) -> Value:  # Any: as the driver gives them
    """Decode the value of a point. Raises ValueError for fields that `encode_measured` does not make."""
    found = [field for field in fields.values() if field is not None]
    if len(found) == 1 and isinstance(found[0], bool | int | float | str):
        return found[0]
    raise ValueError(f"stored value: corrupt; expected one field that is set, got {len(found)}")


def encode_metadata(metadata: JsonObject) -> str:
    """Encode a record's metadata as JSON."""
    return json.dumps(metadata, separators=(",", ":"))


def retention_error(days: int, now: Millis) -> str | None:
    """Return why Cassandra cannot keep data for this number of days from now, or None."""
    if (now + days * DAY_MS) // 1_000 < LAST_EXPIRY_S:
        return None
    last = format_rfc3339(Millis(LAST_EXPIRY_S * 1_000))
    most = max(0, (LAST_EXPIRY_S - 1 - now // 1_000) // (DAY_MS // 1_000))
    return f"Cassandra keeps no data with an expiry after {last}: a retention of at most {most} days, or 0 for ever"


def ttl_s(received: Micros, retention_days: int, now: Millis) -> int | None:
    """Return the TTL of a value that is written now; `NO_EXPIRY` for ever, None if it has already expired."""
    expires = expiry(received, retention_days)
    if expires is None:
        return NO_EXPIRY
    remaining = -((now * 1_000 - expires) // 1_000_000)
    return remaining if remaining > 0 else None


def expiry_of(received: Micros, ttl: int | None, now: Millis) -> Micros | None:
    """Return when a value expires from the TTL it has now; None for never.

    The TTL is off by up to two seconds. Retentions are whole days from the time of receipt, so the result is rounded to
    that.
    """
    if ttl is None:
        return None
    days = round((now // 1_000 + ttl - received / 1_000_000) / (DAY_MS // 1_000))
    return expiry(received, max(1, days))
