"""Days, the ids of schemas, metadata and the retention of rows.

A partition holds one device's day of UTC. Each record has its TTL, in whole seconds.
"""

import json
import math
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import expiry
from iotflow.domain.times import DAY_MS, LATEST_MS, Micros, Millis, TimeRange, format_rfc3339
from iotflow.stores.record_encoding import Names, encode_measurements

MAX_DAYS_PER_STATEMENT = 32
"""Partitions that one statement reads: more would occupy its coordinator for long."""

NO_EXPIRY = 0
"""The TTL of a record that never expires."""

LAST_EXPIRY_S = 2**31 - 2
"""2038-01-19T03:14:06Z, the latest expiry that Cassandra accepts by default, in seconds since the epoch."""


def schema_id_of(names: Names) -> int:
    """Return the id of the schema of these ascending names: a hash, so that no process has to assign it.

    Of the at most some 1,100 schemas of a device two have the same hash with a probability of 1 in 30 trillion.
    """
    return int.from_bytes(blake2b(encode_measurements(names), digest_size=8).digest(), signed=True)


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


def chunked(days: Sequence[int], size: int = MAX_DAYS_PER_STATEMENT) -> Iterator[Sequence[int]]:
    """Yield the days in chunks, one for each statement."""
    for first in range(0, len(days), size):
        yield days[first : first + size]


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
    """Return the TTL of a record that is written now; `NO_EXPIRY` for ever, None if it has already expired."""
    expires = expiry(received, retention_days)
    if expires is None:
        return NO_EXPIRY
    remaining = -((now * 1_000 - expires) // 1_000_000)
    return remaining if remaining > 0 else None


def expiry_of(received: Micros, ttl: float, now: Millis) -> Micros | None:
    """Return when a record expires from the TTL in seconds that it has now; None for never, an infinite TTL.

    The TTL is off by up to two seconds. Retentions are whole days from the time of receipt, so the result is rounded to
    that.
    """
    if ttl == math.inf:
        return None
    days = round((now // 1_000 + ttl - received / 1_000_000) / (DAY_MS // 1_000))
    return expiry(received, max(1, days))
