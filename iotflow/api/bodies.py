"""Request bodies: read within a limit and a deadline, unpacked, decoded. Nothing else in the project reads one."""

import asyncio
import io
import json
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from iotflow.domain.errors import FieldError, InvalidInput

DEADLINE_S = 60.0
GZIP_WINDOW_BITS = 31
SEARCHED_BYTES = 65_536
"""A larger body is not searched for the fields that are wrong: that would hold up everyone else."""
YIELD_EACH_RECORDS = 500

_NULL_CHARACTER = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""In valid JSON: a null character within text. Its backslash is not itself escaped."""


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record of a batch that is no JSON or holds a null character."""

    detail: str


async def read(request: Request, limit: int, *, gzip: bool) -> bytes:
    """The body, unpacked. Answers 408, 413 past the limit (packed too), and raises InvalidInput for broken gzip."""
    if int(request.headers.get("content-length") or 0) > limit:
        _refuse_size(limit)
    body = bytearray()
    received = 0
    unpack = _Gunzip(limit) if gzip else None
    try:
        async with asyncio.timeout(DEADLINE_S):
            async for chunk in request.stream():
                received += len(chunk)
                body += unpack.feed(chunk, len(body)) if unpack else chunk
                if max(received, len(body)) > limit:
                    _refuse_size(limit)
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {DEADLINE_S:.0f} s") from None
    if unpack:
        unpack.finish()
    return bytes(body)


def decode_json(body: bytes) -> object:
    """The JSON value of a body. Raises InvalidInput, naming the fields where that is possible."""
    value = _decoded(body)
    if _NULL_CHARACTER.search(body):
        raise InvalidInput(_null_characters(value, len(body)))
    return value


async def decode_json_batch(body: bytes, limit: int) -> object:
    """The JSON value of a body that should be an array, a `BrokenRecord` in the place of an item with a null character.

    Answers 413 for more than `limit` items. Raises InvalidInput for a body that is no JSON.
    """
    value = _decoded(body)
    if not isinstance(value, list):
        return value
    if len(value) > limit:
        _refuse_number(limit)
    if _NULL_CHARACTER.search(body):
        for index, item in enumerate(value):
            if index % YIELD_EACH_RECORDS == 0:
                await asyncio.sleep(0)
            encoded = msgspec.json.encode(item)
            if _NULL_CHARACTER.search(encoded):
                value[index] = BrokenRecord(_detail(_null_characters(item, len(encoded))))
    return value


async def decode_ndjson(body: bytes, limit: int) -> list[object]:
    """The JSON value of each line that is not blank, a `BrokenRecord` in the place of a bad one.

    Answers 413 for more than `limit` lines.
    """
    values: list[object] = []
    for number, line in enumerate(io.BytesIO(body)):
        if number % YIELD_EACH_RECORDS == 0:
            await asyncio.sleep(0)
        if line.strip():
            if len(values) == limit:
                _refuse_number(limit)
            try:
                values.append(decode_json(line))
            except InvalidInput as error:
                values.append(BrokenRecord(_detail(error.errors)))
    return values


class _Gunzip:
    """Unpacks gzip (RFC 1952), of several members too, and never far past the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._member = zlib.decompressobj(GZIP_WINDOW_BITS)

    def feed(self, packed: bytes, size: int) -> bytes:
        unpacked = bytearray()
        while packed and size + len(unpacked) <= self._limit:
            if self._member.eof:
                self._member = zlib.decompressobj(GZIP_WINDOW_BITS)
            try:
                unpacked += self._member.decompress(packed, self._limit - size - len(unpacked) + 1)
            except zlib.error:
                _refuse_gzip()
            packed = self._member.unconsumed_tail or self._member.unused_data
        return bytes(unpacked)

    def finish(self) -> None:
        if not self._member.eof:
            _refuse_gzip()


def _refuse_size(limit: int) -> NoReturn:
    raise HTTPException(413, f"the body is larger than {limit} bytes")


def _refuse_number(limit: int) -> NoReturn:
    raise HTTPException(413, f"a batch has at most {limit} records, this one has more")


def _refuse_gzip() -> NoReturn:
    raise InvalidInput.at("body", message="the body is no whole gzip stream", kind="gzip_invalid")


def _decoded(body: bytes) -> object:
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(
            _unreadable_fields(body) or [FieldError(("body",), _reason(error), "json_invalid")]
        ) from None
    return value


def _detail(errors: Sequence[FieldError]) -> str:
    """What is wrong with a record of a batch, the fields named within it."""
    return "; ".join(
        f"{'.'.join(str(part) for part in error.location[1:]) or 'record'}: {error.message}" for error in errors
    )


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


def _unreadable_fields(body: bytes) -> list[FieldError]:
    """The numbers that made decoding fail: NaN, infinities, ones out of range. Empty where something else did."""
    if len(body) > SEARCHED_BYTES:
        return []
    try:
        value = json.loads(
            body,
            parse_constant=lambda name: _Unreadable(f"{name} is no JSON number"),
            parse_int=lambda digits: int(digits) if len(digits) < 40 else _Unreadable("an integer of too many digits"),
            parse_float=_readable_float,
        )
    except (ValueError, RecursionError):
        return []
    return [
        FieldError(("body", *path), found.message, "number_invalid")
        for path, found in _walk(value, ())
        if isinstance(found, _Unreadable)
    ]


def _readable_float(digits: str) -> float | _Unreadable:
    number = float(digits)
    return number if math.isfinite(number) else _Unreadable("a number beyond what a double holds")


def _null_characters(value: object, size: int) -> list[FieldError]:
    """Where a JSON value of that size, encoded, holds null characters."""
    paths = _paths_of_null_characters(value) if size <= SEARCHED_BYTES else [()]
    return [FieldError(("body", *path), "text holds no null character", "null_character") for path in paths]


def _paths_of_null_characters(value: object) -> Iterator[tuple[str | int, ...]]:
    for path, found in _walk(value, ()):
        if (isinstance(found, str) and "\0" in found) or any(
            isinstance(part, str) and "\0" in part for part in path[-1:]
        ):
            yield path


def _walk(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Every value within a JSON value, with the way to it; without recursion, since a body may be deep."""
    waiting: list[tuple[tuple[str | int, ...], object]] = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting.extend(((*path, name), item) for name, item in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*path, index), item) for index, item in reversed(list(enumerate(value))))
