"""Pages of a device's records."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Text, bindparam, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import PageLimit, PageRoom, RecordPage, StoredRecord, Value, size_of
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.record_encoding import RecordSchema
from iotflow.stores.sql.database import ROWS_PER_SLICE, in_slices
from iotflow.stores.sql.record_schemas import RecordSchemas, SchemaChoice, decode_measurements
from iotflow.stores.sql.tables import record_metadata, records
from iotflow.stores.sql.telemetry_queries import END_OF_TIME

BYTES_PER_SLICE = 4 * 2**20
METADATA_ROWS_PER_SLICE = 250
"""Rows of 16 KiB each: 4 MiB."""

_FIRST, _END = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)
_NUMBER = bindparam("number", type_=BigInteger)

_Row = Row[*tuple[Any, ...]]  # Any: each column's own type


class _Form(NamedTuple):
    """The form of a statement. `resumed`: it begins after the row that an earlier one has ended with."""

    schemas: SchemaChoice
    descending: bool
    resumed: bool = False


class _RecordValues(NamedTuple):
    """A record without its metadata, and the size of its values in bytes."""

    time: Millis
    values: Mapping[str, Value]
    size: int


async def read_records(
    connection: AsyncConnection,
    schemas: RecordSchemas,
    device_id: int,
    time_range: TimeRange,
    *,
    alive_at: Micros,
    descending: bool,
    limit: PageLimit,
    after: Millis | None,
    names: Collection[str] | None,
) -> RecordPage:
    """Return a page of the range's records, in order of time, from those beyond `after` that expire after `alive_at`.

    With `names`, records have only those values, and records without any of them are left out.
    """
    first, end = time_range.start, END_OF_TIME if time_range.end is None else time_range.end
    if after is not None:
        first, end = (first, min(end, after)) if descending else (Millis(max(first, after + 1)), end)
    wanted: dict[str, object] = {"device_id": device_id, "alive_at": alive_at, "first": first, "end": end}
    choice = SchemaChoice.ALL
    if names is not None:
        _, choice, chosen_ids = await schemas.with_names(connection, device_id, names)
        wanted |= chosen_ids
    form = _Form(choice, descending)
    chosen, more = await _read_page(connection, schemas, wanted, form, limit, names)
    if not chosen:
        return RecordPage([], more=False)
    times = (chosen[0].time, chosen[-1].time)
    metadata = await _read_metadata(
        connection, {**wanted, "first": min(times), "end": max(times) + 1}, limit.bytes, descending=descending
    )
    room = PageRoom(limit)
    found: list[StoredRecord] = []
    for time, values, size in chosen:
        of_record = metadata.get(time)
        if not room.take(len(values), size + len(of_record or "")):
            return RecordPage(found, more=True)
        found.append(StoredRecord(time, values, of_record))
    return RecordPage(found, more)


async def _read_page(
    connection: AsyncConnection,
    schemas: RecordSchemas,
    wanted: Mapping[str, object],
    form: _Form,
    limit: PageLimit,
    names: Collection[str] | None,
) -> tuple[list[_RecordValues], bool]:
    """Return the page's records without their metadata, and whether others follow."""
    room = PageRoom(limit)
    found: list[_RecordValues] = []
    known: dict[int, RecordSchema] = {}
    same_time: list[_Row] = []
    async for rows in _fetch_rows(connection, wanted, form, room):
        if unknown := {row.schema_id for row in rows} - known.keys():
            known |= await schemas.by_id(connection, unknown)
        for row in rows:
            if same_time and row.time != same_time[0].time:
                record = _merge(same_time, known, names)
                if not room.take(len(record.values), record.size):
                    return found, True
                found.append(record)
                if not room.records:
                    return found, True
                same_time = []
            if row.schema_id in known:
                same_time.append(row)
    if not same_time:
        return found, False
    record = _merge(same_time, known, names)
    if not room.take(len(record.values), record.size):
        return found, True
    return [*found, record], False


def _merge(rows: Sequence[_Row], schemas: Mapping[int, RecordSchema], names: Collection[str] | None) -> _RecordValues:
    """Return the record of the rows of one time: of each name the value received last, in the order of the names."""
    if len(rows) == 1:
        merged = dict(zip(schemas[rows[0].schema_id].names, decode_measurements(rows[0].measurements), strict=True))
    else:
        unordered: dict[str, Value] = {}
        for row in sorted(rows, key=lambda row: row.received_us):
            unordered.update(zip(schemas[row.schema_id].names, decode_measurements(row.measurements), strict=True))
        merged = {name: unordered[name] for name in sorted(unordered)}
    if names is not None:
        merged = {name: value for name, value in merged.items() if name in names}
    return _RecordValues(rows[0].time, merged, size_of(merged))


async def _fetch_rows(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    form: _Form,
    room: PageRoom,
) -> AsyncIterator[Sequence[_Row]]:
    """Yield the range's rows in order, in slices of about the size that the rest of the page needs.

    Without a LIMIT on each statement PostgreSQL would sort the whole range instead of reading in the index's order.
    """
    last: dict[str, object] = {}
    while True:
        number = min(room.records + 1, ROWS_PER_SLICE)
        largest = (await connection.execute(_size_query(form), {**wanted, **last, "number": number})).scalar_one()
        if largest is None:
            return
        number = max(1, min(number, BYTES_PER_SLICE // largest))
        rows = (await connection.execute(_records_query(form), {**wanted, **last, "number": number})).all()
        yield rows
        if len(rows) < number:
            return
        last = {"last_time": rows[-1].time, "last_schema": rows[-1].schema_id}
        last |= {"end": rows[-1].time + 1} if form.descending else {"first": rows[-1].time}
        form = form._replace(resumed=True)


async def _read_metadata(
    connection: AsyncConnection, page: Mapping[str, object], max_bytes: int, *, descending: bool
) -> dict[Millis, str]:
    """Return the metadata of the page's first records; stop after the slice that exceeds `max_bytes`."""
    found: dict[Millis, str] = {}
    async with in_slices(
        connection, _metadata_query(descending=descending), page, rows=METADATA_ROWS_PER_SLICE
    ) as slices:
        async for rows in slices:
            for time, of_record in rows:
                found[time] = of_record
                max_bytes -= len(of_record)
            if max_bytes < 0:
                break
    return found


# Building a statement takes longer than executing it, hence the caches.
@cache
def _records_query(form: _Form) -> Select[*tuple[Any, ...]]:
    columns = (records.c.time, records.c.schema_id, records.c.received_us, records.c.measurements)
    statement = form.schemas.select(*columns, descending=form.descending)
    if form.resumed:
        last = tuple_(bindparam("last_time", type_=BigInteger), bindparam("last_schema", type_=BigInteger))
        key = tuple_(records.c.time, records.c.schema_id)
        statement = statement.where(key < last if form.descending else key > last)
    return statement.limit(_NUMBER)


@cache
def _size_query(form: _Form) -> Select[int | None]:
    """Select the size of the largest of the next rows: it bounds the memory that a slice takes."""
    rows = _records_query(form).subquery()
    return select(func.max(func.length(rows.c.measurements)))


def _order(column: ColumnElement[int], descending: bool) -> ColumnElement[int]:
    return column.desc() if descending else column.asc()


@cache
def _metadata_query(*, descending: bool) -> Select[*tuple[Any, ...]]:
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
