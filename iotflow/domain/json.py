"""JSON values as Python has them."""

from collections.abc import Mapping, Sequence

JsonValue = Mapping[str, "JsonValue"] | Sequence["JsonValue"] | str | int | float | bool | None
"""Object, array, string, number, boolean or null."""

JsonObject = Mapping[str, JsonValue]
"""An object."""
