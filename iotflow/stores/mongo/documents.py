"""How values are kept in documents.

Ids of devices and counts are 64-bit integers, ids of events and users UUIDs, and times dates: MongoDB expires documents
by dates alone, and a date holds just what the project's times do, milliseconds since the epoch.
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
"""A document as the drivers take and give it. Any: whatever BSON can hold."""

DEEPEST = 90
"""So many levels of objects and arrays are kept as they are; the server refuses 200."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class _PlainInteger(TypeDecoder):
    """Makes integers of the driver's own type Python's."""

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
    """A time as a date of BSON."""
    return DatetimeMS(time)


def time_of(date: DatetimeMS) -> Millis:
    """The time that `date_of` wrote."""
    return Millis(int(date))


def stored_json(value: JsonObject) -> JsonObject | str:
    """A JSON object as it is, or as JSON text where BSON would refuse or change it."""
    return value if _survives(value, DEEPEST) else json.dumps(value)


def json_of(stored: JsonObject | str) -> JsonObject:
    """The object that `stored_json` wrote."""
    if not isinstance(stored, str):
        return stored
    value: JsonObject = json.loads(stored)
    return value


def _survives(value: JsonValue, levels: int) -> bool:
    """Whether BSON has an equal for the value, and for all that is in it."""
    if isinstance(value, str):
        return not _SURROGATE.search(value)
    if isinstance(value, Mapping):
        # The drivers read an object with the key `$ref` as a reference to another document.
        names_survive = all("\0" not in name and name[:1] != "$" and _survives(name, 0) for name in value)
        return levels > 0 and names_survive and all(_survives(inner, levels - 1) for inner in value.values())
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, float) or value is None:
        return True
    return levels > 0 and all(_survives(inner, levels - 1) for inner in value)
