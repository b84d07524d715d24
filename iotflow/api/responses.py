"""JSON responses, encoded by msgspec without their pydantic models, whose construction would block the event loop.

A list is encoded item by item and yields to the event loop in between; a page ends at `MAX_PAGE_BYTES`.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec
from fastapi import Response

from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.telemetry import MAX_PAGE_BYTES

T = TypeVar("T")

JSON = "application/json"
_encoder = msgspec.json.Encoder()


def json_response(body: object, status: int = 200) -> Response:
    """Return a response with a body that msgspec can encode."""
    return Response(_encoder.encode(body), status, media_type=JSON)


async def page_response(
    head: Mapping[str, object],
    name: str,
    items: Iterable[T],
    dump: Callable[[T], object],
    tail: Callable[[int], Mapping[str, object]],
) -> Response:
    """Return an object with a list in the field `name`, after the fields of `head` and before those of `tail`.

    The list has the first items, up to `MAX_PAGE_BYTES` and at least one; `tail` receives their number.
    """
    body, count = await _encode_list(head, name, items, dump, MAX_PAGE_BYTES)
    return _finish_object(body, tail(count))


async def list_response(
    head: Mapping[str, object],
    name: str,
    items: Iterable[T],
    dump: Callable[[T], object],
    tail: Mapping[str, object],
) -> Response:
    """Return an object with a list of all items. The caller bounds their number and size."""
    body, _ = await _encode_list(head, name, items, dump, sys.maxsize)
    return _finish_object(body, tail)


async def _encode_list(
    head: Mapping[str, object], name: str, items: Iterable[T], dump: Callable[[T], object], max_bytes: int
) -> tuple[bytearray, int]:
    """Return the object up to the end of its list, without its closing brace, and the number of encoded items."""
    time_slice = TimeSlice()
    body = bytearray(_encoder.encode(head))
    body[-1:] = b"," if head else b""
    body += _encoder.encode(name) + b":["
    count = 0
    for item in items:
        encoded = _encoder.encode(dump(item))
        if count and len(body) + len(encoded) > max_bytes:
            break
        body += encoded + b","
        count += 1
        if time_slice.is_over:
            await time_slice.pause()
    body[-1 if count else len(body) :] = b"]"
    return body, count


def _finish_object(body: bytearray, tail: Mapping[str, object]) -> Response:
    """Append the fields of `tail` and the closing brace."""
    body += b"," + _encoder.encode(tail)[1:] if tail else b"}"
    return Response(bytes(body), media_type=JSON)
