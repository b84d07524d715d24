"""How values are kept: as MessagePack within a record, as a `measured` among the points."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import Value

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Value])

ARRAY_32 = b"\xdd"
"""Before four bytes with the length of an array: MessagePack specification, "array format family"."""


def packed(value: Value) -> bytes:
    """A value with its type."""
    return _encoder.encode(value)


def unpacked(packed_values: Sequence[bytes]) -> list[Value]:
    """The values that were packed: as one array they are decoded several times as fast as one by one."""
    return _decoder.decode(b"".join((ARRAY_32, len(packed_values).to_bytes(4), *packed_values)))


def measured(value: Value) -> dict[str, Value]:
    """The fields of a `measured`: the one that is there tells the type."""
    match value:
        case bool():
            return {"b": value}
        case int():
            return {"i": value}
        case float():
            return {"f": value}
        case _:
            return {"s": value}


def value_of(fields: Mapping[str, Any]) -> Value:  # Any: as the driver gives them
    """The value of a `measured`."""
    (value,) = (field for field in fields.values() if field is not None)
    assert isinstance(value, bool | int | float | str)
    return value


def metadata_text(metadata: JsonObject) -> str:
    """A record's metadata as JSON."""
    return json.dumps(metadata, separators=(",", ":"))
