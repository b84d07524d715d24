"""Reads objects from NDJSON and from a JSON array."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.csv_rows import BadRow, shorten
from iotflow.cli.importer.lines import MAX_LINE_BYTES, Lines

Cells = Mapping[str, object]
"""Contents by column: text in CSV, any JSON value in NDJSON. An absent column and None are empty."""

MAX_DEPTH = 8
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as read, not interpreted yet."""

    line: int
    cells: Cells


def json_line_rows(lines: Lines, flatten: bool) -> Iterator[RawRow | BadRow]:
    """Yield the objects of NDJSON, one a line."""
    decoder = msgspec.json.Decoder(dict[str, object])
    for text in lines:
        if not text.strip():
            continue
        try:
            cells = decoder.decode(text)
        except msgspec.DecodeError as error:
            try:
                cells = _decode_lenient(text)
            except ValueError:
                yield BadRow(lines.number, f"expected a flat JSON object: {error}; read {shorten(text.strip())}")
                continue
        yield RawRow(lines.number, _flatten(cells) if flatten else cells)


def json_array_rows(lines: Lines, flatten: bool) -> Iterator[RawRow | BadRow]:
    """Yield the objects of a JSON array, element by element. Raises UsageError where it is no JSON."""
    decoder = json.JSONDecoder()
    blocks = lines.blocks()
    line, expected, text, is_end = 1, "[", "", False
    while True:
        bare = text.lstrip(_BLANK)
        line += text.count("\n", 0, len(text) - len(bare))
        text = bare
        if text[:1] == "]" and expected in ("value or ]", ", or ]"):
            rest = text[1:].lstrip(_BLANK)
            if rest or any(block.strip(_BLANK) for block in blocks):
                line += text.count("\n", 0, len(text) - len(rest))
                raise UsageError(f"{lines.content.path}, line {line}: text after the end of the JSON array")
            return
        if expected == "[" and text[:1] == "[":
            text, expected = text[1:], "value or ]"
        elif expected == ", or ]" and text[:1] == ",":
            text, expected = text[1:], "value"
        elif "value" in expected and (element := _element(decoder, text, needs_more=not is_end)):
            value, end = element
            yield _object_row(value, line, flatten)
            line += text.count("\n", 0, end)
            text, expected = text[end:], ", or ]"
        elif is_end or len(text) > MAX_LINE_BYTES:
            raise UsageError(
                f"{lines.content.path}, line {line}: expected {expected} in a JSON array; read {shorten(text)}"
            )
        else:
            more = next(blocks, None)
            is_end = more is None
            text += more or ""


def _element(decoder: json.JSONDecoder, text: str, *, needs_more: bool) -> tuple[object, int] | None:
    """Return the first value and its end, None if the text has no complete one."""
    try:
        value, end = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    # A number at the end of a block may continue in the next one.
    return None if needs_more and end == len(text) else (value, end)


def _object_row(value: object, line: int, flatten: bool) -> RawRow | BadRow:
    if not isinstance(value, dict):
        return BadRow(line, f"expected a flat JSON object; read {shorten(value)}")
    return RawRow(line, _flatten(value) if flatten else value)


def _decode_lenient(text: str) -> dict[str, object]:
    """Decode an object with NaN and Infinity, which are no JSON but common. Raises ValueError."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - the caller handles bad text alike
    return value


def _flatten(cells: Mapping[str, object], prefix: str = "", depth: int = 0) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in cells.items():
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if isinstance(value, dict) and depth < MAX_DEPTH:
            flat |= _flatten(value, f"{prefix}{name}.", depth + 1)
        else:
            flat[prefix + name] = value
    return flat
