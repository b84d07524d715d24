"""Encoding of values as BSON.

Ids of devices and counts are 64-bit integers, ids of events and users are UUIDs, and times are dates: TTL indexes need
dates, and a date has the unit of `Millis`, milliseconds since the epoch.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from bson import Int64
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion, TypeDecoder, TypeRegistry
from bson.datetime_ms import DatetimeMS

from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.times import Millis

Document = dict[str, Any]
"""A document, as the drivers accept and return it. Any: all types of BSON."""

MAX_DEPTH = 90
"""JSON with more levels of objects and arrays is stored as text: the server refuses 200 levels."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class _PlainInteger(TypeDecoder):
    """A decoder of 64-bit integers to `int` instead of the driver's type."""

    bson_type = Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


CODEC: CodecOptions[Document] = CodecOptions(
    document_class=dict,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_MS,
    type_registry=TypeRegistry([_PlainInteger()]),
)


def date_of(time: Millis) -> DatetimeMS:
    """Return a time as a BSON date."""
    return DatetimeMS(time)


def time_of(date: DatetimeMS) -> Millis:
    """Return the time that `date_of` encoded."""
    return Millis(int(date))


def stored_json(value: JsonObject) -> JsonObject | str:
    """Return a JSON object unchanged, or as JSON text if BSON would refuse or change it."""
    return value if _fits_bson(value, MAX_DEPTH) else json.dumps(value)


def json_of(stored: JsonObject | str) -> JsonObject:
    """Return the object that `stored_json` encoded."""
    if not isinstance(stored, str):
        return stored
    value: JsonObject = json.loads(stored)
    return value


def _fits_bson(value: JsonValue, levels: int) -> bool:
    """Return whether BSON stores the value, and all values in it, unchanged."""
    if isinstance(value, str):
        return not _SURROGATE.search(value)
    if isinstance(value, Mapping):
        # The drivers decode an object with the key `$ref` as a reference to another document.
        names_fit = all("\0" not in name and name[:1] != "$" and _fits_bson(name, 0) for name in value)
        return levels > 0 and names_fit and all(_fits_bson(inner, levels - 1) for inner in value.values())
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, float) or value is None:
        return True
    return levels > 0 and all(_fits_bson(inner, levels - 1) for inner in value)
