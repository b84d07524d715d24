"""JSON values of the domain, and the rules for objects from clients."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

JsonValue = Mapping[str, "JsonValue"] | Sequence["JsonValue"] | str | int | float | bool | None
"""A JSON value."""

JsonObject = Mapping[str, JsonValue]
"""A JSON object."""

MAX_JSON_DEPTH = 32
"""Levels of objects and arrays that every store and client can read."""


def nesting_error(value: JsonObject) -> str | None:
    """Return an error if an object is nested too deep, or None."""
    level: list[object] = [value]
    for _ in range(MAX_JSON_DEPTH):
        level = [inner for item in level for inner in _items(item) if isinstance(inner, dict | list)]
        if not level:
            return None
    return f"objects and arrays are nested at most {MAX_JSON_DEPTH} deep"


def size_error(value: JsonValue, what: str, max_bytes: int) -> str | None:
    """Return an error if an object is too large as JSON, or None. `what` names the object in the message.

    An object too deep to encode has no size error: `nesting_error` reports it.
    """
    try:
        size = len(msgspec.json.encode(value))
    except RecursionError:
        return None
    return f"{what} has at most {max_bytes} bytes as JSON, this has {size}" if size > max_bytes else None


def holds_null_character(value: JsonObject) -> bool:
    """Return whether a name or text in an object holds a null character. The object must not be nested too deep."""
    return text_holds_null_character(msgspec.json.encode(value))


def text_holds_null_character(text: bytes | bytearray) -> bool:
    """Return whether a name or a string in valid JSON text holds a null character."""
    # In valid JSON without escaped backslashes, `\u0000` is a null character and nothing else.
    return b"\\u0000" in text and b"\\u0000" in text.replace(b"\\\\", b"")


def _items(item: object) -> Iterable[object]:
    return item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
