"""JSON bodies: decoded; batches are split into records, to be decoded one at a time."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice, takewhile
from typing import NoReturn

import msgspec
from starlette.exceptions import HTTPException

from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.time_slices import TimeSlice

SEARCHED_BYTES = 16_384
"""A larger text is not searched for the fields that are wrong: the search holds the event loop."""
LARGE_BYTES = 65_536
"""A larger body waits for a turn before it is decoded: its syntax is checked in one go."""
MAX_FIELDS = 100
"""Fields of a body, a form or a query; the largest has eight."""
MAX_LISTED_FAULTS = 100
"""Faults of one text that are listed; the others are counted."""
MAX_PATH_PARTS = 40
"""Parts of a path to a fault; valid values are nested at most 32 deep."""

_ARRAY = re.compile(rb"[ \t\r\n]*+\[")
_LINE = re.compile(rb"\S[^\n]*")
"""A line that is not blank, from its first character on."""


class _Data(msgspec.Struct):
    """A record of which nothing but its values is looked at, and these are not decoded."""

    data: dict[str, msgspec.Raw]


_decode_data = msgspec.json.Decoder(_Data).decode


def decode_json(text: bytes | bytearray) -> object:
    """Return the JSON value of a body or of a record. Raises InvalidInput, naming the fields where that is possible."""
    value = _decoded(text)
    # In valid JSON without escaped backslashes, `\u0000` is a null character and nothing else.
    if b"\\u0000" in text and b"\\u0000" in text.replace(b"\\\\", b""):
        raise _null_characters(value, len(text))
    if isinstance(value, dict) and len(value) > MAX_FIELDS:
        message = f"an object has at most {MAX_FIELDS} fields here, this one has {len(value)}"
        raise InvalidInput.at("body", message=message, kind="too_many_fields")
    return value


def decode_record(record: memoryview, max_bytes: int) -> object:
    """Return the JSON value of a batch's record. Raises InvalidInput, for one over `max_bytes` without decoding it."""
    if record.nbytes > max_bytes:
        message = f"a record has at most {max_bytes} bytes, this one has {record.nbytes}"
        raise InvalidInput.at("body", message=message, kind="too_large")
    return decode_json(bytes(record))


def split_array(body: bytearray, max_items: int) -> list[memoryview]:
    """Return the items of a JSON array as undecoded parts of `body`.

    Answers 413 for more than `max_items`, without looking at the rest. Raises InvalidInput for what is no JSON array.
    Not seen here are faults that only decoding finds: see `check_items`.
    """
    try:
        if not _ARRAY.match(body):
            msgspec.json.decode(body, type=msgspec.Raw)
            raise InvalidInput.at("body", message="expected a JSON array of records", kind="list_type")
        items = msgspec.structs.astuple(_array_decoder(max_items).decode(body))
    except msgspec.ValidationError:
        _refuse_number(max_items)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(body, error) from None
    return [memoryview(item) for item in takewhile(lambda item: item is not None, items)]


async def check_items(items: Sequence[memoryview], max_bytes: int) -> None:
    """Decode each item of at most `max_bytes` and drop its value. Raises InvalidInput for the first that fails.

    What the grammar alone cannot show is found by this: text that is not UTF-8, numbers beyond what a double holds.
    """
    work = TimeSlice()
    for index, item in enumerate(items):
        await work.pause()
        if item.nbytes <= max_bytes:
            try:
                _decoded(bytes(item))
            except InvalidInput as error:
                inside = [FieldError(("body", index, *e.location[1:]), e.message, e.kind) for e in error.errors]
                raise InvalidInput(inside, error.unlisted) from None


async def count_values(records: Iterable[memoryview]) -> int:
    """Return how many values the records of a batch have, be they good or bad; what is no record has none."""
    work = TimeSlice()
    values = 0
    for record in records:
        await work.pause()
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            values += len(_decode_data(record).data)
    return values


def split_lines(body: bytearray, max_lines: int) -> list[memoryview]:
    """Return the lines that are not blank as parts of `body`. Answers 413 for more than `max_lines`."""
    whole = memoryview(body)
    lines = [whole[slice(*found.span())] for found in islice(_LINE.finditer(body), max_lines + 1)]
    if len(lines) > max_lines:
        _refuse_number(max_lines)
    return lines


@cache
def _array_decoder(max_items: int) -> msgspec.json.Decoder[msgspec.Struct]:
    """A decoder of arrays that stops at an item too many.

    `list[Raw]` with a `max_length` is checked only once the whole list is built: 700 MiB for 16 MiB of `1,1,…`.
    """
    fields = [(f"item_{index}", msgspec.Raw, None) for index in range(max_items)]
    items = msgspec.defstruct("Items", fields, array_like=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(items)


def _refuse_number(limit: int) -> NoReturn:
    raise HTTPException(413, f"a batch has at most {limit} records, this one has more")


def _decoded(text: bytes | bytearray) -> object:
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(text, error) from None
    return value


def _unreadable(text: bytes | bytearray, error: Exception) -> InvalidInput:
    """Why decoding failed: the numbers that JSON or a double does not have, else what the decoder met first."""
    return _faults(_unreadable_numbers(text)) or InvalidInput.at("body", message=_reason(error), kind="json_invalid")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "the JSON is not UTF-8"
    return f"no valid JSON: {error}"


class _Unreadable:
    """Stands in the place of a number that JSON or a 64-bit double does not have."""

    def __init__(self, message: str) -> None:
        self.message = message


def _unreadable_numbers(text: bytes | bytearray) -> Iterator[FieldError]:
    if len(text) > SEARCHED_BYTES:
        return
    try:
        value = json.loads(
            text,
            parse_constant=lambda name: _Unreadable(f"{name} is no JSON number"),
            parse_int=lambda digits: int(digits) if len(digits) < 40 else _Unreadable("an integer of too many digits"),
            parse_float=_readable_float,
        )
    except (ValueError, RecursionError):
        return
    for path, found in _walk(value):
        if isinstance(found, _Unreadable):
            yield FieldError(_location(path), found.message, "number_invalid")


def _readable_float(digits: str) -> float | _Unreadable:
    number = float(digits)
    return number if math.isfinite(number) else _Unreadable("a number beyond what a double holds")


def _null_characters(value: object, size: int) -> InvalidInput:
    """Where the value of a text of this size holds null characters."""
    message, kind = "text holds no null character", "null_character"
    found = (
        FieldError(_location(path), message, kind)
        for path, item in (_walk(value) if size <= SEARCHED_BYTES else ())
        if any(isinstance(part, str) and "\0" in part for part in (item, *path[-1:]))
    )
    return _faults(found) or InvalidInput.at("body", message=message, kind=kind)


def _faults(found: Iterator[FieldError]) -> InvalidInput | None:
    """The faults as one error, None where there is none."""
    listed = list(islice(found, MAX_LISTED_FAULTS))
    return InvalidInput(listed, unlisted=sum(1 for _ in found)) if listed else None


def _location(path: Sequence[str | int]) -> tuple[str | int, ...]:
    return ("body", *path[:MAX_PATH_PARTS], *(["…"] if len(path) > MAX_PATH_PARTS else []))


def _walk(value: object) -> Iterator[tuple[list[str | int], object]]:
    """Yield every value within a JSON value with the path to it. The next step changes the path: copy what you keep.

    Without recursion and with one path for all, since a text of 64 KiB may be a thousand levels deep.
    """
    path: list[str | int] = []
    yield path, value
    within = [_items(value)]
    while within:
        step = next(within[-1], None)
        if step is None:
            within.pop()
            del path[-1:]
        else:
            part, item = step
            path.append(part)
            yield path, item
            within.append(_items(item))


def _items(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        return iter(value.items())
    return enumerate(value) if isinstance(value, list) else iter(())
