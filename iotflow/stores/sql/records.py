"""A device's records, put together from the rows of its points and metadata."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import NUMBER_BYTES, PageLimit, PageRoom, RecordPage, StoredRecord, Value, text_bytes
from iotflow.domain.times import Micros, Millis, Span
from iotflow.stores.sql.dialect import integers
from iotflow.stores.sql.slices import ROWS_PER_SLICE, in_slices
from iotflow.stores.sql.tables import points, record_metadata
from iotflow.stores.sql.values import VALUE_COLUMNS, value_of

NO_END = 2**63 - 1
"""Later than every record."""

VALUES_OF_RECORD = 4
"""Of an ordinary record: as many rows are fetched first as a page of these has."""
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
    rows = _rows(descending=descending, named=names is not None)
    chosen, more = await _chosen(connection, rows, {**wanted, "first": first, "end": end}, limit)
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
    connection: AsyncConnection, statement: Select[*tuple[Any, ...]], wanted: Mapping[str, object], limit: PageLimit
) -> tuple[list[_Values], bool]:
    """The page's records without their metadata, and whether others follow."""
    room = PageRoom(limit)
    found: list[_Values] = []
    time, values, size = None, dict[str, Value](), 0
    rows = min(VALUES_OF_RECORD * (limit.records + 1), ROWS_PER_SLICE)
    async with in_slices(connection, statement, wanted, rows=rows) as slices:
        async for rows_of_slice in slices:
            for row_time, name, bool_value, int_value, float_value, text_value in rows_of_slice:
                if row_time != time:
                    if time is not None:
                        if not room.take(len(values), size):
                            return found, True
                        found.append(_Values(time, values, size))
                    if not room.records:
                        return found, True
                    time, values, size = row_time, {}, 0
                values[name] = value_of(bool_value, int_value, float_value, text_value)
                size += len(name) + (NUMBER_BYTES if text_value is None else text_bytes(text_value))
    if time is None:
        return [], False
    if not room.take(len(values), size):
        return found, True
    return [*found, _Values(time, values, size)], False


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
def _rows(*, descending: bool, named: bool) -> Select[*tuple[Any, ...]]:
    return select(*_ROW).where(*_wanted(named)).order_by(_order(points.c.time, descending))


def _wanted(named: bool) -> list[ColumnElement[bool]]:
    wanted = [
        points.c.device_id == bindparam("device_id"),
        points.c.expires_us > bindparam("alive_at"),
        points.c.time >= _FIRST,
        points.c.time < _END,
    ]
    return [*wanted, points.c.name.in_(bindparam("names", expanding=True))] if named else wanted


def _order(time: ColumnElement[int], descending: bool) -> ColumnElement[int]:
    return time.desc() if descending else time.asc()


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
