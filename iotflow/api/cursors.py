"""Cursors: where a list was left, with all that fixes the rest of it.

A cursor is the base64url text of a small JSON object. It is not signed: it gives no rights, and what it says is checked
like any input.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import msgspec

from iotflow.domain.errors import InvalidInput
from iotflow.domain.times import LATEST_MS, Millis, Span, parse_query_time

MAX_LENGTH = 262_144
"""More than a list of as many names as a device may have takes, each of its greatest length."""

P = TypeVar("P", bound=msgspec.Struct)

Time = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)]
"""A time within a cursor."""


class _Cursor(msgspec.Struct, Generic[P], frozen=True, forbid_unknown_fields=True):
    """`list` names the list; `query` has its parameters as first given, defaults spelled out."""

    list: str
    query: dict[str, str | None]
    start: Time
    end: Time | None
    position: P


@dataclass(frozen=True, slots=True)
class Page(Generic[P]):
    """Which part of a list is asked for. `position` is None on the first page."""

    list: str
    query: Mapping[str, str | None]
    span: Span
    position: P | None

    def cursor(self, position: P) -> str:
        """The cursor of the page that begins after this position."""
        cursor = _Cursor(self.list, dict(self.query), self.span.start, self.span.end, position)
        return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def open_page(
    list_name: str,
    given: Mapping[str, str],
    defaults: Mapping[str, str | None],
    position_type: type[P],
    now: Millis,
) -> Page[P]:
    """The page that a query asks for. `given` are the request's parameters, `defaults` those that a cursor fixes.

    Raises InvalidInput for a range that ends before it begins, for a cursor that is none or another list's, and for a
    parameter that differs from what the cursor fixes.
    """
    if "cursor" in given:
        return _resumed(list_name, given, defaults, position_type)
    query = {name: given.get(name, default) for name, default in defaults.items()}
    return Page(list_name, query, resolved_span(query["start_time"], query["end_time"], now), None)


def resolved_span(
    start: str | None, end: str | None, now: Millis, end_location: tuple[str, str] = ("query", "end_time")
) -> Span:
    """The span between two times, relative ones resolved.

    Raises InvalidInput, naming the end by its location, if it lies before the start.
    """
    span = Span(
        Millis(0) if start is None else parse_query_time(start, now),
        None if end is None else parse_query_time(end, now),
    )
    if span.end is not None and span.end < span.start:
        raise InvalidInput.at(*end_location, message="the range ends before it begins")
    return span


def foreign_cursor() -> InvalidInput:
    """The error of a cursor that this list did not give."""
    return InvalidInput.at("query", "cursor", message="not a cursor of this list: take it from next_cursor")


def _resumed(
    list_name: str, given: Mapping[str, str], defaults: Mapping[str, str | None], position_type: type[P]
) -> Page[P]:
    cursor = _decoded(given["cursor"], position_type)
    if cursor is None or cursor.list != list_name or cursor.query.keys() != defaults.keys():
        raise foreign_cursor()
    for name, text in cursor.query.items():
        if name in given and given[name] != text:
            message = "differs from the request that the cursor continues: leave it out or repeat it"
            raise InvalidInput.at("query", name, message=message)
    end = None if cursor.end is None else Millis(cursor.end)
    return Page(list_name, cursor.query, Span(Millis(cursor.start), end), cursor.position)


def _decoded(text: str, position_type: type[P]) -> "_Cursor[P] | None":
    if len(text) > MAX_LENGTH:
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(packed, type=_Cursor[position_type])  # type: ignore[valid-type]  # msgspec takes it
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return cursor
