"""The encoding of a sealed block: records of one schema in columns.

A column of integers, or of decimals that are integers after a multiplication by a power of ten, is stored as the
differences between neighbours in the smallest width that holds them, compressed by DEFLATE. Any other column is a
compressed MessagePack array. Both return each value with its type and all its bits, -0.0 included.
"""

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, pairwise, repeat
from typing import Final, NamedTuple, cast

import msgspec

from iotflow.domain.telemetry import Value
from iotflow.domain.times import Micros, Millis
from iotflow.stores.record_encoding import Measurements
from iotflow.stores.sql.tables import NO_EXPIRY_US, CorruptRow

MAX_DECIMALS = 6
COMPRESSION_LEVEL = 9
RAW_DEFLATE: Final = -15
"""The window of a DEFLATE stream without header and checksum."""
EXACT_INTEGERS = 2**53
"""Up to this a double holds each integer."""
_NO_EXPIRY = -1
_INTEGERS = -1
_WIDTHS = (("b", 7), ("h", 15), ("i", 31), ("q", 63))


class DecodedRecord(NamedTuple):
    """A record decoded from a row or a block. `measurements`: the values in the order of the schema's names."""

    time: Millis
    received_us: Micros
    expires_us: Micros
    measurements: Measurements


class _Column(msgspec.Struct, array_like=True, frozen=True):
    """The values of a column.

    - `decimals`: None for an array of values of any type; -1 for integers.
    - `first`, `step`: the first integer, and the difference between neighbours that `width` "" stands for.
    - `width`: the struct format of each difference.
    """

    decimals: int | None
    first: int
    step: int
    width: str
    packed: bytes


class _Columns(msgspec.Struct, array_like=True, frozen=True):
    """The columns of a block: receipts relative to times, expiries relative to receipts."""

    times: _Column
    receipts: _Column
    expiries: _Column
    values: Sequence[_Column]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Columns).decode
_decode_values = msgspec.msgpack.Decoder(list[bool | int | float | str]).decode


class UnpackedBlock:
    """The records of a block, whose columns are decoded when they are read. Methods raise CorruptRow."""

    def __init__(self, data: bytes, number: int) -> None:
        self.number = number
        try:
            self._columns = _decode(data)
        except msgspec.MsgspecError as error:
            raise _corrupt(error) from error

    @cached_property
    def times(self) -> Sequence[Millis]:
        return cast(Sequence[Millis], self._unpack(self._columns.times))

    def received(self, first: int = 0, end: int | None = None) -> Sequence[Micros]:
        """Return the receipts of the records at these indexes."""
        receipts = cast(Sequence[int], self._unpack(self._columns.receipts, first, end))
        return [Micros(time * 1_000 + receipt) for time, receipt in zip(self.times[first:end], receipts, strict=True)]

    def expiries(self, first: int = 0, end: int | None = None) -> Sequence[Micros]:
        """Return the expiries of the records at these indexes."""
        expiries = cast(Sequence[int], self._unpack(self._columns.expiries, first, end))
        return [
            NO_EXPIRY_US if expiry == _NO_EXPIRY else Micros(received + expiry)
            for received, expiry in zip(self.received(first, end), expiries, strict=True)
        ]

    def measurements(self, first: int, end: int | None) -> Iterator[Measurements]:
        """Return the measurements of the records at these indexes."""
        return zip(*(self._unpack(column, first, end) for column in self._columns.values), strict=True)

    def column(self, position: int) -> Sequence[Value]:
        """Return the values of the name at this position of the schema."""
        return self._unpack(self._columns.values[position])

    def records(self, first: int = 0, end: int | None = None) -> list[DecodedRecord]:
        """Return the records at these indexes, in order of time."""
        received, expiries = self.received(first, end), self.expiries(first, end)
        fields = (self.times[first:end], received, expiries, self.measurements(first, end))
        return [DecodedRecord(*record) for record in zip(*fields, strict=True)]

    def _unpack(self, column: _Column, first: int = 0, end: int | None = None) -> Sequence[Value]:
        try:
            found = _unpack(column, self.number, slice(first, end))
        except (zlib.error, struct.error, msgspec.MsgspecError) as error:
            raise _corrupt(error) from error
        if len(found) != len(range(self.number)[first:end]):
            raise _corrupt("a column has another number of values")
        return found


def pack_records(records: Sequence[DecodedRecord]) -> bytes:
    """Return records of one schema, in order of time, as a block's data."""
    expiries = [
        _NO_EXPIRY if record.expires_us == NO_EXPIRY_US else record.expires_us - record.received_us
        for record in records
    ]
    columns = _Columns(
        times=_pack([record.time for record in records]),
        receipts=_pack([record.received_us - record.time * 1_000 for record in records]),
        expiries=_pack(expiries),
        values=[_pack(column) for column in zip(*(record.measurements for record in records), strict=True)],
    )
    return _encode(columns)


def _pack(values: Sequence[Value]) -> _Column:
    types = set(map(type, values))
    if types == {int}:
        packed = _pack_integers(_INTEGERS, cast(Sequence[int], values))
    elif types == {float}:
        packed = _pack_decimals(cast(Sequence[float], values))
    else:
        packed = None
    return packed or _Column(None, 0, 0, "", _compress(_encode(values)))


def _pack_decimals(values: Sequence[float]) -> _Column | None:
    if any(value == 0.0 and math.copysign(1.0, value) < 0 for value in values):
        return None
    largest = max(map(abs, values))
    for decimals in range(MAX_DECIMALS + 1):
        factor = 10.0**decimals
        if largest * factor > EXACT_INTEGERS:
            return None
        if all(round(value * factor) / factor == value for value in values):
            return _pack_integers(decimals, [round(value * factor) for value in values])
    return None


def _pack_integers(decimals: int, integers: Sequence[int]) -> _Column | None:
    differences = [later - earlier for earlier, later in pairwise(integers)]
    low, high = min(differences, default=0), max(differences, default=0)
    for width, bits in _WIDTHS:
        if low == high and bits == 63 and -(2**63) <= low < 2**63:
            return _Column(decimals, integers[0], low, "", b"")
        if low != high and -(2**bits) <= low and high < 2**bits:
            packed = _compress(struct.pack(f"<{len(differences)}{width}", *differences))
            return _Column(decimals, integers[0], 0, width, packed)
    return None


def _unpack(column: _Column, number: int, part: slice) -> Sequence[Value]:
    if column.decimals is None:
        return _decode_values(zlib.decompress(column.packed, RAW_DEFLATE))[part]
    differences = (
        struct.unpack(f"<{number - 1}{column.width}", zlib.decompress(column.packed, RAW_DEFLATE))
        if column.width
        else repeat(column.step, number - 1)
    )
    integers = list(accumulate(differences, initial=column.first))[part]
    if column.decimals == _INTEGERS:
        return integers
    factor = 10.0**column.decimals
    return [integer / factor for integer in integers]


def _compress(data: bytes) -> bytes:
    return zlib.compress(data, COMPRESSION_LEVEL, RAW_DEFLATE)


def _corrupt(problem: object) -> CorruptRow:
    return CorruptRow(
        f"telemetry_blocks: a row holds no block: {problem}; delete it, or restore the table from a backup"
    )
