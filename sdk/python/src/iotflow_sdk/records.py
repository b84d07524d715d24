"""Records and times as callers write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from .types import UNSET, Unset

MeasuredValue = bool | int | float | str
"""A measured value; the service keeps its type. Integers have at most 64 bits."""
Time = datetime | str
"""A time in a query: a datetime with a time zone, or a text like `-7d`, `now` or `2026-01-31T12:00:00+01:00`."""


@dataclass(frozen=True, slots=True)
class Record:
    """The values of a device at one time, which has a time zone and counts to the millisecond. None is no reading."""

    time: datetime
    values: Mapping[str, MeasuredValue | None]
    metadata: Mapping[str, object] | None = None


def record_body(
    values: Mapping[str, MeasuredValue | None], time: datetime | None, metadata: Mapping[str, object] | None
) -> dict[str, object]:
    """Return a record as JSON; without a time it is of the time of receipt. Raises ValueError without a time zone."""
    body: dict[str, object] = {"data": dict(values)}
    if time is not None:
        body["timestamp"] = format_time(time)
    if metadata is not None:
        body["metadata"] = dict(metadata)
    return body


def batch_body(records: Iterable[Record]) -> list[dict[str, object]]:
    """Return records as JSON. Raises ValueError for a time without a time zone."""
    return [record_body(record.values, record.time, record.metadata) for record in records]


def idempotency_key(time: datetime | None) -> dict[str, str]:
    """Return a header by which the service recognizes a record without a time that is sent again."""
    return {} if time is not None else {"Idempotency-Key": uuid4().hex}


def format_time(time: Time) -> str:
    """Return a time for a request. Raises ValueError for a datetime without a time zone."""
    if isinstance(time, str):
        return time
    if time.utcoffset() is None:
        raise ValueError(f"{time!r}: no time zone; use datetime.now(UTC), or add tzinfo")
    return time.isoformat()


def optional_time(time: Time | None) -> str | Unset:
    """Return a time for a request, unset for None."""
    return UNSET if time is None else format_time(time)
