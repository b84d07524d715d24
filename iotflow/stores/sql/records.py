"""A device's records, put together from the rows of its points and metadata."""

import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Text, bindparam, cast, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import NUMBER_BYTES, PageLimit, PageRoom, RecordPage, StoredRecord, Value, text_bytes
from iotflow.domain.times import Micros, Millis, Span
from iotflow.stores.sql.dialect import integers
from iotflow.stores.sql.slices import ROWS_PER_SLICE, in_slices
from iotflow.stores.sql.tables import points, record_metadata
from iotflow.stores.sql.values import VALUE_COLUMNS, value_of

T = TypeVar("T")

NO_END = 2**63 - 1
"""Later than every record."""

VALUES_OF_RECORD = 4
"""Of an ordinary record: the first statement reads as many rows as a page of these has."""
METADATA_PER_SLICE = 250
"""Of 16 KiB each these are 4 MiB."""

_ROW = (points.c.time, points.c.name, *VALUE_COLUMNS)

_FIRST, _END = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)


class _Values(NamedTuple):
    """A record without its metadata, and the bytes of its values."""

    time: Millis
    values: Mapping[str, Value]
    size: int


async def read_records(
    connection: AsyncConnection,
    device_id: int,
    span: Span,
    *,
    alive_at: Micros,
    descending: bool,
    limit: PageLimit,
    after: Millis | None,
    names: Collection[str] | None,
) -> RecordPage:
    """A page of the span's records that have one of the names, in order, after a time and alive at another."""
    wanted: dict[str, object] = {"device_id": device_id, "alive_at": alive_at}
    if names is not None:
        wanted["names"] = list(names)
    first, end = span.start, NO_END if span.end is None else span.end
    if after is not None:
        first, end = (first, min(end, after)) if descending else (Millis(max(first, after + 1)), end)
    chosen, more = await _chosen(
        connection, {**wanted, "first": first, "end": end}, limit, names, descending=descending
    )
    if not chosen:
        return RecordPage([], more=False)
    times = (chosen[0].time, chosen[-1].time)
    metadata = await _metadata(
        connection, {**wanted, "first": min(times), "end": max(times) + 1}, limit.bytes, descending=descending
    )
    room = PageRoom(limit)
    records: list[StoredRecord] = []
    for time, values, size in chosen:
        of_record = metadata.get(time)
        if not room.take(len(values), size + len(of_record or "")):
            return RecordPage(records, more=True)
        records.append(StoredRecord(time, values, of_record))
    return RecordPage(records, more)


async def _chosen(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    limit: PageLimit,
    names: Collection[str] | None,
    *,
    descending: bool,
) -> tuple[list[_Values], bool]:
    """The page's records without their metadata, and whether others follow."""
    room = PageRoom(limit)
    found: list[_Values] = []
    time, values, size = None, dict[str, Value](), 0
    async for rows in _row_slices(connection, wanted, room, names, descending=descending):
        for row_time, name, bool_value, int_value, float_value, text_value in rows:
            if row_time != time:
                if time is not None:
                    if not room.take(len(values), size):
                        return found, True
                    found.append(_values(time, values, size, descending=descending))
                if not room.records:
                    return found, True
                time, values, size = row_time, {}, 0
            values[name] = value_of(bool_value, int_value, float_value, text_value)
            size += len(name) + (NUMBER_BYTES if text_value is None else text_bytes(text_value))
    if time is None:
        return [], False
    if not room.take(len(values), size):
        return found, True
    return [*found, _values(time, values, size, descending=descending)], False


async def _row_slices(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    room: PageRoom,
    names: Collection[str] | None,
    *,
    descending: bool,
) -> AsyncIterator[Sequence[Row[*tuple[Any, ...]]]]:  # Any: each column's own type
    """Yield the range's rows in order, as many at a time as what is left of the page may need.

    Each statement has a LIMIT, so that PostgreSQL reads in the order of the index instead of sorting the whole range.
    """
    of_record = VALUES_OF_RECORD if names is None else min(VALUES_OF_RECORD, max(1, len(names)))
    last: dict[str, object] = {}
    while True:
        number = min(of_record * (room.records + 1), ROWS_PER_SLICE)
        statement = _rows(descending=descending, named=names is not None, resumed=bool(last))
        rows = (await connection.execute(statement, {**wanted, **last, "number": number})).all()
        yield rows
        if len(rows) < number:
            return
        of_record = max(of_record, math.ceil(number / len({row.time for row in rows})))
        last = {"last_time": rows[-1].time, "last_name": rows[-1].name}
        last |= {"end": rows[-1].time + 1} if descending else {"first": rows[-1].time}


def _values(time: Millis, values: dict[str, Value], size: int, *, descending: bool) -> _Values:
    """Return a record whose names are in ascending order, which rows in descending order are not."""
    return _Values(time, dict(reversed(values.items())) if descending else values, size)


async def _metadata(
    connection: AsyncConnection, page: Mapping[str, object], most_bytes: int, *, descending: bool
) -> dict[Millis, str]:
    """The metadata of the page's first records, until it has more bytes than a page holds."""
    found: dict[Millis, str] = {}
    async with in_slices(connection, _metadata_rows(descending=descending), page, rows=METADATA_PER_SLICE) as slices:
        async for rows in slices:
            for time, of_record in rows:
                found[time] = of_record
                most_bytes -= len(of_record)
            if most_bytes < 0:
                break
    return found


# To build a statement takes longer than to execute it.
@cache
def _rows(*, descending: bool, named: bool, resumed: bool) -> Select[*tuple[Any, ...]]:
    key = tuple_(points.c.time, points.c.name)
    last = tuple_(bindparam("last_time", type_=BigInteger), bindparam("last_name", type_=points.c.name.type))
    rest = [key < last if descending else key > last] if resumed else []
    order = (_order(points.c.time, descending), _order(points.c.name, descending))
    return select(*_ROW).where(*_wanted(named), *rest).order_by(*order).limit(bindparam("number", type_=BigInteger))


def _wanted(named: bool) -> list[ColumnElement[bool]]:
    wanted = [
        points.c.device_id == bindparam("device_id"),
        points.c.expires_us > bindparam("alive_at"),
        points.c.time >= _FIRST,
        points.c.time < _END,
    ]
    return [*wanted, points.c.name.in_(bindparam("names", expanding=True))] if named else wanted


def _order(column: ColumnElement[T], descending: bool) -> ColumnElement[T]:
    return column.desc() if descending else column.asc()


@cache
def _metadata_rows(*, descending: bool) -> Select[*tuple[Any, ...]]:
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


async def newest_times(
    connection: AsyncConnection, device_ids: Sequence[int], span: Span, *, alive_at: Micros
) -> dict[int, Millis]:
    """The time of each device's last point within the span that is alive at a time: one probe of the key a device."""
    end = NO_END if span.end is None else span.end
    parameters = {"ids": list(device_ids), "alive_at": alive_at, "first": span.start, "end": end}
    async with in_slices(connection, _newest(connection.dialect.name), parameters) as slices:
        return {device_id: time async for rows in slices for device_id, time in rows if time is not None}


@cache
def _newest(dialect: str) -> Select[*tuple[Any, ...]]:
    devices, device_id = integers(dialect, "ids")
    newest = (
        select(points.c.time)
        .where(
            points.c.device_id == device_id,
            points.c.expires_us > bindparam("alive_at"),
            points.c.time >= _FIRST,
            points.c.time < _END,
        )
        .order_by(points.c.time.desc())
        .limit(1)
        .correlate(devices)
        .scalar_subquery()
    )
    return select(device_id, newest).select_from(devices)
