"""Reads of a device's telemetry: names, latest values, records, and the time of the newest record."""

import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import CTE, BigInteger, ColumnElement, Row, Select, Text, and_, bindparam, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import (
    NUMBER_BYTES,
    LatestValue,
    LatestValues,
    PageLimit,
    PageRoom,
    RecordPage,
    StoredRecord,
    Value,
    text_bytes,
)
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.sql.database import ROWS_PER_SLICE, in_slices, integers
from iotflow.stores.sql.tables import NO_EXPIRY_US, VALUE_COLUMNS, decode_value, points, record_metadata

T = TypeVar("T")

END_OF_TIME = Millis(2**63 - 1)
"""Later than the event time of every record."""

TYPICAL_VALUES_PER_RECORD = 4
"""The first statement of a page reads as many rows as a page of records with this number of values has."""
METADATA_ROWS_PER_SLICE = 250
"""Rows of 16 KiB each: 4 MiB."""

_ROW = (points.c.time, points.c.name, *VALUE_COLUMNS)

_FIRST, _END = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)


class _RecordValues(NamedTuple):
    """A record without its metadata, and the size of its values in bytes."""

    time: Millis
    values: Mapping[str, Value]
    size: int


async def read_names(connection: AsyncConnection, device_id: int) -> frozenset[str]:
    """Return every name of which the device has a point, expired or not."""
    catalogue = _names_of_device(device_id)
    names = select(catalogue.c.name).where(catalogue.c.name.is_not(None))
    return frozenset((await connection.execute(names)).scalars())


async def read_latest(connection: AsyncConnection, device_id: int, *, alive_at: Micros) -> LatestValues:
    """Return the newest value of each name that expires after `alive_at`."""
    catalogue = _names_of_device(device_id)
    newest = (
        select(points.c.time)
        .where(points.c.device_id == device_id, points.c.name == catalogue.c.name, points.c.expires_us > alive_at)
        .order_by(points.c.time.desc())
        .limit(1)
        .correlate(catalogue)
        .scalar_subquery()
    )
    statement = select(points).join_from(
        catalogue,
        points,
        and_(points.c.device_id == device_id, points.c.name == catalogue.c.name, points.c.time == newest),
    )
    return {row.name: _latest_from_row(row) for row in await connection.execute(statement)}


async def read_records(
    connection: AsyncConnection,
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
    wanted: dict[str, object] = {"device_id": device_id, "alive_at": alive_at}
    if names is not None:
        wanted["names"] = list(names)
    first, end = time_range.start, END_OF_TIME if time_range.end is None else time_range.end
    if after is not None:
        first, end = (first, min(end, after)) if descending else (Millis(max(first, after + 1)), end)
    chosen, more = await _read_page(
        connection, {**wanted, "first": first, "end": end}, limit, names, descending=descending
    )
    if not chosen:
        return RecordPage([], more=False)
    times = (chosen[0].time, chosen[-1].time)
    metadata = await _read_metadata(
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


async def _read_page(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    limit: PageLimit,
    names: Collection[str] | None,
    *,
    descending: bool,
) -> tuple[list[_RecordValues], bool]:
    """Return the page's records without their metadata, and whether others follow."""
    room = PageRoom(limit)
    found: list[_RecordValues] = []
    time, values, size = None, dict[str, Value](), 0
    async for rows in _fetch_rows(connection, wanted, room, names, descending=descending):
        for row_time, name, bool_value, int_value, float_value, text_value in rows:
            if row_time != time:
                if time is not None:
                    if not room.take(len(values), size):
                        return found, True
                    found.append(_build_record(time, values, size, descending=descending))
                if not room.records:
                    return found, True
                time, values, size = row_time, {}, 0
            values[name] = decode_value(bool_value, int_value, float_value, text_value)
            size += len(name) + (NUMBER_BYTES if text_value is None else text_bytes(text_value))
    if time is None:
        return [], False
    if not room.take(len(values), size):
        return found, True
    return [*found, _build_record(time, values, size, descending=descending)], False


async def _fetch_rows(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    room: PageRoom,
    names: Collection[str] | None,
    *,
    descending: bool,
) -> AsyncIterator[Sequence[Row[*tuple[Any, ...]]]]:  # Any: each column's own type
    """Yield the range's rows in order, in slices of about the size that the rest of the page needs.

    Without a LIMIT on each statement PostgreSQL would sort the whole range instead of reading in the index's order.
    """
    of_record = TYPICAL_VALUES_PER_RECORD if names is None else min(TYPICAL_VALUES_PER_RECORD, max(1, len(names)))
    last: dict[str, object] = {}
    while True:
        number = min(of_record * (room.records + 1), ROWS_PER_SLICE)
        statement = _points_query(descending=descending, named=names is not None, resumed=bool(last))
        rows = (await connection.execute(statement, {**wanted, **last, "number": number})).all()
        yield rows
        if len(rows) < number:
            return
        of_record = max(of_record, math.ceil(number / len({row.time for row in rows})))
        last = {"last_time": rows[-1].time, "last_name": rows[-1].name}
        last |= {"end": rows[-1].time + 1} if descending else {"first": rows[-1].time}


def _build_record(time: Millis, values: dict[str, Value], size: int, *, descending: bool) -> _RecordValues:
    """Return a record with its names in ascending order; `descending` is the order in which they were read."""
    return _RecordValues(time, dict(reversed(values.items())) if descending else values, size)


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
def _points_query(*, descending: bool, named: bool, resumed: bool) -> Select[*tuple[Any, ...]]:
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


async def read_newest_times(
    connection: AsyncConnection, device_ids: Sequence[int], time_range: TimeRange, *, alive_at: Micros
) -> dict[int, Millis]:
    """Return the time of each device's last point within the range that expires after `alive_at`.

    Costs one probe of the primary key for each device. A device without such a point is left out.
    """
    end = END_OF_TIME if time_range.end is None else time_range.end
    parameters = {"ids": list(device_ids), "alive_at": alive_at, "first": time_range.start, "end": end}
    async with in_slices(connection, _newest_query(connection.dialect.name), parameters) as slices:
        return {device_id: time async for rows in slices for device_id, time in rows if time is not None}


@cache
def _newest_query(dialect: str) -> Select[*tuple[Any, ...]]:
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


def _names_of_device(device_id: int) -> CTE:
    """Return the device's names by a loose index scan: one probe of the index for each name, not for each point."""
    mine = points.c.device_id == device_id
    names = select(func.min(points.c.name).label("name")).where(mine).cte("catalogue", recursive=True)
    following = (
        select(func.min(points.c.name)).where(mine, points.c.name > names.c.name).correlate(names).scalar_subquery()
    )
    return names.union_all(select(following).where(names.c.name.is_not(None)))


def _latest_from_row(row: Row[*tuple[Any, ...]]) -> LatestValue:  # Any: the columns' types are those of the table
    expires = None if row.expires_us == NO_EXPIRY_US else row.expires_us
    value = decode_value(row.bool_value, row.int_value, row.float_value, row.text_value)
    return LatestValue(value, row.time, row.received_us, expires)
