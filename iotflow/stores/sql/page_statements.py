"""The statements of pages of a device's records.

Rows come packed in one JSON text. For each row sqlite3 would release the interpreter's lock (GIL), and wait for the
event loop to take it back; SQLAlchemy would build an object. Building a statement takes longer than executing it, hence
the caches.
"""

from functools import cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, case, cast, func, select, tuple_

from iotflow.domain.times import Micros, Millis
from iotflow.stores.sql.block_reads import first_sealed_time
from iotflow.stores.sql.record_schemas import SchemaChoice
from iotflow.stores.sql.tables import record_metadata, records

_FIRST, _END = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)
_NUMBER = bindparam("number", type_=BigInteger)

BYTES_PER_SLICE: Final = 2**20
"""Bytes of measurements that are unpacked at once: some milliseconds on the event loop."""

UnpackedRow = tuple[Millis, int, Micros, bytes]
"""Time, schema, time of receipt in microseconds, and measurements."""


class Form(NamedTuple):
    """The form of a statement. `resumed`: it begins after the row that an earlier one has ended with."""

    schemas: SchemaChoice
    descending: bool
    resumed: bool = False


class Begin(NamedTuple):
    """What a read begins with.

    - `packed`: the first rows, for `unpack_rows`; None if they might take more than `BYTES_PER_SLICE`.
    - `sealed_from`: the time from which the range has sealed records, None without any.
    - `metadata_from`: the time from which the range has metadata, None without any.
    """

    packed: str | None
    sealed_from: Millis | None
    metadata_from: Millis | None


@cache
def records_query(form: Form) -> Select[*tuple[Any, ...]]:
    """Select the next rows of the range."""
    columns = (records.c.time, records.c.schema_id, records.c.received_us, records.c.measurements)
    statement = form.schemas.select(*columns, descending=form.descending)
    if form.resumed:
        last = tuple_(bindparam("last_time", type_=BigInteger), bindparam("last_schema", type_=BigInteger))
        key = tuple_(records.c.time, records.c.schema_id)
        statement = statement.where(key < last if form.descending else key > last)
    return statement.limit(_NUMBER)


@cache
def packed_query(form: Form, dialect: str) -> Select[str]:
    """Select the next rows of the range as a JSON array of them, with the measurements in hexadecimal digits."""
    rows = records_query(form).subquery().c
    if dialect == "sqlite":
        row = func.json_array(rows.time, rows.schema_id, rows.received_us, func.hex(rows.measurements))
        return select(func.json_group_array(row))
    digits = func.encode(rows.measurements, "hex")
    row = func.json_build_array(rows.time, rows.schema_id, rows.received_us, digits)
    return select(func.coalesce(cast(func.json_agg(row), Text), "[]"))


def unpack_rows(packed: str, *, descending: bool) -> list[UnpackedRow]:
    """Return packed rows in the order of the read: an aggregate function of SQL promises none."""
    rows = [(time, schema, received, bytes.fromhex(digits)) for time, schema, received, digits in _decode(packed)]
    rows.sort(key=itemgetter(0, 1), reverse=descending)
    return rows


_decode = msgspec.json.Decoder(list[tuple[Millis, int, Micros, str]]).decode


@cache
def size_query(form: Form) -> Select[int | None]:
    """Select the size of the largest of the next rows: it bounds the memory that a slice takes."""
    rows = records_query(form).subquery()
    return select(func.max(func.length(rows.c.measurements)))


@cache
def begin_query(form: Form, dialect: str) -> Select[*tuple[Any, ...]]:
    """Select what a read begins with: see `Begin`."""
    # Not EXISTS: for a large range PostgreSQL would read the whole table until it finds a row.
    first_metadata = select(func.min(record_metadata.c.time)).where(
        record_metadata.c.device_id == bindparam("device_id"),
        record_metadata.c.time >= _FIRST,
        record_metadata.c.time < _END,
    )
    largest = func.coalesce(size_query(form).scalar_subquery(), 0)
    packed = packed_query(form, dialect).scalar_subquery()
    return select(
        case((largest * _NUMBER <= BYTES_PER_SLICE, packed)).label("packed"),
        first_sealed_time(descending=form.descending).scalar_subquery().label("sealed_from"),
        first_metadata.scalar_subquery().label("metadata_from"),
    )


def _order(column: ColumnElement[int], descending: bool) -> ColumnElement[int]:
    return column.desc() if descending else column.asc()


@cache
def metadata_query(*, descending: bool) -> Select[*tuple[Any, ...]]:
    """Select the times and metadata of the range that have not expired."""
    return (
        select(record_metadata.c.time, cast(record_metadata.c.metadata, Text))
        .where(
            record_metadata.c.device_id == bindparam("device_id"),
            record_metadata.c.expires_us > bindparam("alive_at"),
            record_metadata.c.time >= _FIRST,
            record_metadata.c.time < _END,
        )
        .order_by(_order(record_metadata.c.time, descending))
    )
