"""Opaque pagination cursors: the last position in a list and the query it belongs to.

A cursor is the base64url text of a small JSON object. It is not signed: it grants no rights, and its values are checked
like any input.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import msgspec
from fastapi import Query

from iotflow.domain.errors import InvalidInput
from iotflow.domain.times import LATEST_MS, Millis, TimeRange, parse_query_time

MAX_CURSOR_LENGTH = 262_144
"""Longer than a cursor with the maximum number of names per device, each of the maximum length."""

P = TypeVar("P", bound=msgspec.Struct)

Time = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)]
"""A time within a cursor."""


class _Cursor(msgspec.Struct, Generic[P], frozen=True, forbid_unknown_fields=True):
    """The content of a cursor. `list` names the list; `query` has its parameters on the first page, with defaults."""

    list: str
    query: dict[str, str | None]
    start: Time
    end: Time | None
    position: P


@dataclass(frozen=True, slots=True)
class Page(Generic[P]):
    """The requested page of a list. `position` is where the previous page ended; None for the first page."""

    list: str
    query: Mapping[str, str | None]
    time_range: TimeRange
    position: P | None

    def cursor(self, position: P) -> str:
        """Return the cursor of the page that begins after this position."""
        cursor = _Cursor(self.list, dict(self.query), self.time_range.start, self.time_range.end, position)
        return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def open_page(
    list_name: str,
    given: Mapping[str, str],
    defaults: Mapping[str, str | None],
    position_type: type[P],
    now: Millis,
) -> Page[P]:
    """Return the page that a query requests.

    `given` are the request's parameters, `defaults` those that a cursor fixes, with their default values.

    Raises:
        InvalidInput: the range ends before it begins; the cursor is malformed or belongs to another list; a parameter
            differs from the cursor's.

    """
    if "cursor" in given:
        return _resume(list_name, given, defaults, position_type)
    query = {name: given.get(name, default) for name, default in defaults.items()}
    return Page(list_name, query, resolve_range(query.get("start_time"), query.get("end_time"), now), None)


def resolve_range(
    start: str | None, end: str | None, now: Millis, end_location: tuple[str, ...] = ("query", "end_time")
) -> TimeRange:
    """Return the range between two times, with relative times resolved against `now`.

    `start` None is the Unix epoch; `end` None is no upper bound. Raises InvalidInput at `end_location` if the end is
    before the start.
    """
    time_range = TimeRange(
        Millis(0) if start is None else parse_query_time(start, now),
        None if end is None else parse_query_time(end, now),
    )
    if time_range.end is not None and time_range.end < time_range.start:
        raise InvalidInput.at(*end_location, message="the range ends before it begins")
    return time_range


def foreign_cursor() -> InvalidInput:
    """Return the error for a cursor that does not belong to this list."""
    return InvalidInput.at("query", "cursor", message="not a cursor of this list: take it from next_cursor")


def _resume(
    list_name: str, given: Mapping[str, str], defaults: Mapping[str, str | None], position_type: type[P]
) -> Page[P]:
    cursor = _decode(given["cursor"], position_type)
    if cursor is None or cursor.list != list_name or cursor.query.keys() != defaults.keys():
        raise foreign_cursor()
    for name, text in cursor.query.items():
        if name in given and given[name] != text:
            message = "differs from the request that the cursor continues: leave it out or repeat it"
            raise InvalidInput.at("query", name, message=message)
    end = None if cursor.end is None else Millis(cursor.end)
    return Page(list_name, cursor.query, TimeRange(Millis(cursor.start), end), cursor.position)


def _decode(text: str, position_type: type[P]) -> "_Cursor[P] | None":
    if len(text) > MAX_CURSOR_LENGTH:
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(packed, type=_Cursor[position_type])  # type: ignore[valid-type]  # msgspec takes it
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return cursor


Limit = Annotated[int, Query(ge=1, le=1_000, description="Maximum items per page.")]
Offset = Annotated[int, Query(ge=0, le=2**53 - 1, description="Items to skip.")]
