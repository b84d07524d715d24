"""The statements of pages of a device's records.

Building a statement takes longer than executing it, hence the caches.
"""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, func, select, tuple_

from iotflow.domain.times import Millis
from iotflow.stores.sql.block_reads import first_sealed_time
from iotflow.stores.sql.record_schemas import SchemaChoice
from iotflow.stores.sql.tables import record_metadata, records

_FIRST, _END = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)
_NUMBER = bindparam("number", type_=BigInteger)


class Form(NamedTuple):
    """The form of a statement. `resumed`: it begins after the row that an earlier one has ended with."""

    schemas: SchemaChoice
    descending: bool
    resumed: bool = False


class Begin(NamedTuple):
    """What a read begins with.

    - `largest`: the size of the largest of the first rows, None without rows.
    - `sealed_from`: the time from which the range has sealed records, None without any.
    - `metadata_from`: the time from which the range has metadata, None without any.
    """

    largest: int | None
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
def size_query(form: Form) -> Select[int | None]:
    """Select the size of the largest of the next rows: it bounds the memory that a slice takes."""
    rows = records_query(form).subquery()
    return select(func.max(func.length(rows.c.measurements)))


@cache
def begin_query(form: Form) -> Select[*tuple[Any, ...]]:
    """Select what a read begins with: see `Begin`."""
    # Not EXISTS: for a large range PostgreSQL would read the whole table until it finds a row.
    first_metadata = select(func.min(record_metadata.c.time)).where(
        record_metadata.c.device_id == bindparam("device_id"),
        record_metadata.c.time >= _FIRST,
        record_metadata.c.time < _END,
    )
    return select(
        size_query(form).scalar_subquery().label("largest"),
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
