"""Decoding of JSON bodies. Batches are split into undecoded records, which are decoded one at a time."""

import codecs
import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, takewhile
from typing import NoReturn

import msgspec
from starlette.exceptions import HTTPException

from iotflow.api.plain_records import Batch, try_decode_plain, try_decode_plain_array
from iotflow.api.problems import MAX_LISTED_ERRORS
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.json import text_holds_null_character
from iotflow.domain.telemetry import INTEGER_ERROR, NULL_CHARACTER_ERROR

MAX_SEARCHED_BYTES = 16_384
"""Invalid fields are located only in texts up to this size: the search blocks the event loop."""
LARGE_BODY_BYTES = 65_536
"""A larger body waits for a time slice before it is decoded: the check of its syntax cannot be interrupted."""
MAX_DECODED_BYTES = 262_144
"""Size of JSON that is decoded at a time. As Python objects it may take 24 times as much memory."""
MAX_FIELDS = 100
"""Maximum number of fields of a body, a form or a query; the largest valid one has eight."""
MAX_DIGITS = 40
"""An integer has fewer digits; a 64-bit one has at most 19."""
MAX_PATH_PARTS = 40
"""Maximum length of the path to an error; valid values are nested at most 32 deep."""

_ARRAY = re.compile(rb"[ \t\r\n]*+\[")
_LINE = re.compile(rb"\S[^\n]*")
"""A line that is not blank, without leading white space."""


class _RecordValues(msgspec.Struct):
    """The undecoded values of a record; its other fields are ignored."""

    data: dict[str, msgspec.Raw]


_decode_values = msgspec.json.Decoder(_RecordValues).decode


def remove_byte_order_mark(body: bytearray) -> None:
    """Remove the UTF-8 byte order mark that a body may begin with."""
    if body.startswith(codecs.BOM_UTF8):
        del body[: len(codecs.BOM_UTF8)]


def decode_json(text: bytes | bytearray, max_fields: int = MAX_FIELDS) -> object:
    """Decode the JSON of a body or record. Raises InvalidInput, with the invalid fields of a text of at most 16 KiB.

    An object has at most `max_fields` fields, not counting those of objects in it.
    """
    value = _decode(text)
    if text_holds_null_character(text):
        raise _null_character_error(value, len(text))
    if isinstance(value, dict) and len(value) > max_fields:
        message = f"an object has at most {max_fields} fields here, this one has {len(value)}"
        raise InvalidInput.at("body", message=message, kind="too_many_fields")
    return value


def decode_record(record: memoryview, max_bytes: int) -> object:
    """Decode a record of a batch. Raises InvalidInput; a record of more than `max_bytes` is not decoded."""
    if record.nbytes > max_bytes:
        message = f"a record has at most {max_bytes} bytes, this one has {record.nbytes}"
        raise InvalidInput.at("body", message=message, kind="too_large")
    return decode_json(bytes(record))


def split_array(body: bytearray, max_items: int) -> list[memoryview]:
    """Return the items of a JSON array as undecoded parts of `body`.

    Only the syntax is checked; `check_items` finds the errors of values.

    Raises:
        HTTPException: 413, the array has more than `max_items` items. The rest is not read.
        InvalidInput: the body is not a JSON array.

    """
    try:
        if not _ARRAY.match(body):
            msgspec.json.decode(body, type=msgspec.Raw)
            raise InvalidInput.at("body", message="expected a JSON array of records", kind="list_type")
        items = msgspec.structs.astuple(_array_decoder(max_items).decode(body))
    except msgspec.ValidationError:
        _raise_too_many_records(max_items)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _json_error(body, error) from None
    return [memoryview(item) for item in takewhile(lambda item: item is not None, items)]


async def check_items(items: Sequence[memoryview], max_bytes: int) -> int:
    """Decode each item of at most `max_bytes`, discard it, and return the number of values of all.

    This finds the errors that a check of the syntax does not: text that is not UTF-8, numbers out of a double's range.
    Raises InvalidInput for the first invalid item.
    """
    time_slice = TimeSlice()
    values = 0
    for index, item in enumerate(items):
        await time_slice.pause()
        if plain := try_decode_plain(item):
            values += len(plain.data)
            continue
        if item.nbytes <= max_bytes:
            try:
                _decode(bytes(item))
            except InvalidInput as error:
                located = [FieldError(("body", index, *e.location[1:]), e.message, e.kind) for e in error.errors]
                raise InvalidInput(located, error.unlisted) from None
        values += _count_values(item)
    return values


async def decode_array(body: bytearray, max_items: int, max_bytes: int) -> Batch:
    """Return the records of a JSON array, which must be valid as a whole. Raises HTTPException (413), InvalidInput.

    Those of a small body in the usual form are decoded. A record of more than `max_bytes` is not checked.
    """
    # The texts of a null character are needed: errors name its place.
    if len(body) <= min(MAX_DECODED_BYTES, max_bytes) and not text_holds_null_character(body):
        records = try_decode_plain_array(body)
        if records is not None:
            return Batch(records, sum(len(record.data) for record in records))
    items = split_array(body, max_items)
    return Batch(items, await check_items(items, max_bytes))


async def decode_lines(body: bytearray, max_items: int) -> Batch:
    """Return the records of NDJSON; a line may be invalid. Raises HTTPException (413)."""
    time_slice = TimeSlice()
    lines = split_lines(body, max_items)
    values = 0
    for line in lines:
        await time_slice.pause()
        values += len(plain.data) if (plain := try_decode_plain(line)) else _count_values(line)
    return Batch(lines, values)


def _count_values(record: memoryview) -> int:
    """Return the number of values of a record, valid or not. What is not a record has none."""
    try:
        return len(_decode_values(record).data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0


def split_lines(body: bytearray, max_lines: int) -> list[memoryview]:
    """Return the non-blank lines as parts of `body`. Raises HTTPException (413) for more than `max_lines`."""
    view = memoryview(body)
    lines = [view[slice(*found.span())] for found in islice(_LINE.finditer(body), max_lines + 1)]
    if len(lines) > max_lines:
        _raise_too_many_records(max_lines)
    return lines


@cache
def _array_decoder(max_items: int) -> msgspec.json.Decoder[msgspec.Struct]:
    """Return a decoder of arrays that stops after `max_items` items.

    msgspec checks the `max_length` of `list[Raw]` only after it has built the list: 700 MiB for 16 MiB of `1,1,…`.
    """
    fields = [(f"item_{index}", msgspec.Raw, None) for index in range(max_items)]
    items = msgspec.defstruct("Items", fields, array_like=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(items)


def _raise_too_many_records(limit: int) -> NoReturn:
    raise HTTPException(413, f"a batch has at most {limit} records, this one has more")


def _decode(text: bytes | bytearray) -> object:
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _json_error(text, error) from None
    return value


def _json_error(text: bytes | bytearray, error: Exception) -> InvalidInput:
    """Return the error of a text that cannot be decoded: its invalid numbers, else the decoder's first error."""
    numbers = _combine(_find_invalid_numbers(text))
    return numbers or InvalidInput.at("body", message=_message(error), kind="json_invalid")


def _message(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "the JSON is not UTF-8"
    if str(error) == "Input data was truncated":
        return "invalid JSON: it ends too early"
    return f"invalid JSON: {str(error).removeprefix('JSON is malformed: ')}"


class _InvalidNumber:
    """A placeholder for a number that JSON or a 64-bit double cannot represent."""

    def __init__(self, message: str) -> None:
        self.message = message


def _find_invalid_numbers(text: bytes | bytearray) -> Iterator[FieldError]:
    """Yield an error for each number that JSON or a double cannot represent, if the text has at most 16 KiB."""
    if len(text) > MAX_SEARCHED_BYTES:
        return
    try:
        value = json.loads(
            text,
            parse_constant=lambda name: _InvalidNumber(f"{name} is not a JSON number"),
            parse_int=_parse_int,
            parse_float=_parse_float,
        )
    except (ValueError, RecursionError):
        return
    for path, found in _walk(value):
        if isinstance(found, _InvalidNumber):
            yield FieldError(_location(path), found.message, "number_invalid")


def _parse_int(digits: str) -> int | _InvalidNumber:
    # `int` raises ValueError for more than 4,300 digits, which would end the search.
    return int(digits) if len(digits) < MAX_DIGITS else _InvalidNumber(INTEGER_ERROR)


def _parse_float(digits: str) -> float | _InvalidNumber:
    number = float(digits)
    return number if math.isfinite(number) else _InvalidNumber("a number out of the range of a double")


def _null_character_error(value: object, size: int) -> InvalidInput:
    """Return the error of a value with null characters. They are located if its text has at most 16 KiB."""
    kind = "null_character"
    found = (
        FieldError(_location(path), NULL_CHARACTER_ERROR, kind)
        for path, item in (_walk(value) if size <= MAX_SEARCHED_BYTES else ())
        if any(isinstance(part, str) and "\0" in part for part in (item, *path[-1:]))
    )
    return _combine(found) or InvalidInput.at("body", message=NULL_CHARACTER_ERROR, kind=kind)


def _combine(found: Iterator[FieldError]) -> InvalidInput | None:
    """Return one error for all of `found`; None if there are none."""
    listed = list(islice(found, MAX_LISTED_ERRORS))
    return InvalidInput(listed, unlisted=sum(1 for _ in found)) if listed else None


def _location(path: Sequence[str | int]) -> tuple[str | int, ...]:
    return ("body", *path[:MAX_PATH_PARTS], *(["…"] if len(path) > MAX_PATH_PARTS else []))


def _walk(value: object) -> Iterator[tuple[list[str | int], object]]:
    """Yield a JSON value and each value within it, each with its path. Copy the path: the next step changes the list.

    A text may be nested thousands of levels deep, so this neither recurses nor builds a path per value.
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
