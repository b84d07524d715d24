"""Answers that are encoded without building their documented models, which would hold up the event loop.

A list is encoded item by item: the event loop goes on in between, and a page ends at the size of an answer.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec
from fastapi import Response

from iotflow.domain.telemetry import MAX_PAGE_BYTES
from iotflow.time_slices import TimeSlice

T = TypeVar("T")

JSON = "application/json"
_encoder = msgspec.json.Encoder()


def answer(body: object) -> Response:
    """An answer of what msgspec encodes."""
    return Response(_encoder.encode(body), media_type=JSON)


async def page_answer(
    head: Mapping[str, object],
    name: str,
    items: Iterable[T],
    view: Callable[[T], object],
    tail: Callable[[int], Mapping[str, object]],
) -> Response:
    """An answer with a list by this name, between the fields of `head` and those of `tail`.

    The list holds the first items, up to `MAX_PAGE_BYTES` and at least one; `tail` is given their number.
    """
    body, count = await _encoded(head, name, items, view, MAX_PAGE_BYTES)
    return _closed(body, tail(count))


async def list_answer(
    head: Mapping[str, object],
    name: str,
    items: Iterable[T],
    view: Callable[[T], object],
    tail: Mapping[str, object],
) -> Response:
    """An answer with a list of all items, whose size is bounded by what they are."""
    body, _ = await _encoded(head, name, items, view, sys.maxsize)
    return _closed(body, tail)


async def _encoded(
    head: Mapping[str, object], name: str, items: Iterable[T], view: Callable[[T], object], most_bytes: int
) -> tuple[bytearray, int]:
    """The answer up to the end of its list, and how many items this has."""
    work = TimeSlice()
    body = bytearray(_encoder.encode(head))
    body[-1:] = b"," if head else b""
    body += _encoder.encode(name) + b":["
    count = 0
    for item in items:
        encoded = _encoder.encode(view(item))
        if count and len(body) + len(encoded) > most_bytes:
            break
        body += encoded + b","
        count += 1
        await work.pause()
    body[-1 if count else len(body) :] = b"]"
    return body, count


def _closed(body: bytearray, tail: Mapping[str, object]) -> Response:
    body += b"," + _encoder.encode(tail)[1:] if tail else b"}"
    return Response(bytes(body), media_type=JSON)
