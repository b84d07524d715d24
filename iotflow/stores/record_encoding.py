"""The encoding of records, which the telemetry stores share: values under a schema, the list of their names.

A row of a record holds the id of its schema and a MessagePack array of values in the order of the schema's names. Rows
of one time and schema replace each other. Records of one time with other names are rows of other schemas, which readers
merge: so a write reads nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import msgspec

from iotflow.domain.telemetry import Value

MAX_SCHEMAS_PER_DEVICE = 64
"""Schemas of several names. Past that a device has a schema for each further name, of which it has at most 1,000."""
ENTRY_BYTES = 500
"""Size of a cache entry without its names, in bytes."""
NAME_BYTES = 150
"""Size of a name without its characters, in bytes: in the tuple of names and in their positions."""

Names = tuple[str, ...]
RecordShape = tuple[int, Names]
"""A device and the names of a record in the order in which it was sent. Each shape has its schemas."""

Measurements = Sequence[Value]
"""The values of a row, in the order of its schema's names."""

encode_measurements = msgspec.msgpack.Encoder().encode
"""Return the values of a row, in the order of its schema's names, as a MessagePack array."""
decode_measurements = msgspec.msgpack.Decoder(list[bool | int | float | str]).decode
"""Return the values that `encode_measurements` encoded. Raises msgspec.MsgspecError."""


@dataclass(frozen=True)
class RecordSchema:
    """The schema of this id: ascending names."""

    id: int
    names: Names

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The index of each name in the measurements of a row."""
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def size(self) -> int:
        """The size in bytes that the schema takes in the memory, as the caches count it."""
        return ENTRY_BYTES + sum(NAME_BYTES + 4 * len(name) for name in self.names)

    def pick(self, values: Mapping[str, Value]) -> Measurements:
        """Return the values of the schema's names."""
        return self._pick(values)

    @cached_property
    def _pick(self) -> Callable[[Mapping[str, Value]], Measurements]:
        if len(self.names) > 1:
            return itemgetter(*self.names)
        name = self.names[0]
        return lambda values: (values[name],)


RecordSchemas = Sequence[RecordSchema]
"""The schemas of a record's rows: one, unless the device has `MAX_SCHEMAS_PER_DEVICE`."""
