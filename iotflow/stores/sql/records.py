"""A device's records, put together from the rows of its points and metadata."""

from collections.abc import Collection
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import StoredRecord, Value
from iotflow.domain.times import Micros, Millis, Span
from iotflow.stores.sql.tables import points, record_metadata
from iotflow.stores.sql.values import VALUE_COLUMNS, value_of

NO_END = 2**63 - 1
"""Later than every record."""

_ROW = (points.c.time, points.c.name, *VALUE_COLUMNS)

_FIRST, _END = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)


async def read_records(
    connection: AsyncConnection,
    device_id: int,
    span: Span,
    *,
    alive_at: Micros,
    descending: bool,
    limit: int,
    after: Millis | None,
    names: Collection[str] | None,
) -> list[StoredRecord]:
    """Up to `limit` records of the span that have one of the names, in order, after a time and alive at another."""
    wanted: dict[str, object] = {"device_id": device_id, "alive_at": alive_at}
    if names is not None:
        wanted["names"] = list(names)
    first, end = span.start, NO_END if span.end is None else span.end
    if after is not None:
        first, end = (first, min(end, after)) if descending else (Millis(max(first, after + 1)), end)
    chosen = await connection.execute(
        _times(descending=descending, named=names is not None), {**wanted, "first": first, "end": end, "limit": limit}
    )
    times = chosen.scalars().all()
    if not times:
        return []
    page = {**wanted, "first": min(times), "end": max(times) + 1}
    rows = (await connection.execute(_rows(descending=descending, named=names is not None), page)).all()
    metadata = {row.time: row.metadata for row in await connection.execute(_METADATA, page)}
    return [StoredRecord(time, _values(group), metadata.get(time)) for time, group in groupby(rows, itemgetter(0))]


# To build a statement takes longer than to execute it.
@cache
def _times(*, descending: bool, named: bool) -> Select[int]:
    return (
        select(points.c.time).distinct().where(*_wanted(named)).order_by(_order(descending)).limit(bindparam("limit"))
    )


@cache
def _rows(*, descending: bool, named: bool) -> Select[*tuple[Any, ...]]:
    return select(*_ROW).where(*_wanted(named)).order_by(_order(descending))


def _wanted(named: bool) -> list[ColumnElement[bool]]:
    wanted = [
        points.c.device_id == bindparam("device_id"),
        points.c.expires_us > bindparam("alive_at"),
        points.c.time >= _FIRST,
        points.c.time < _END,
    ]
    return [*wanted, points.c.name.in_(bindparam("names", expanding=True))] if named else wanted


def _order(descending: bool) -> ColumnElement[int]:
    return points.c.time.desc() if descending else points.c.time.asc()


_METADATA = select(record_metadata.c.time, record_metadata.c.metadata).where(
    record_metadata.c.device_id == bindparam("device_id"),
    record_metadata.c.expires_us > bindparam("alive_at"),
    record_metadata.c.time >= _FIRST,
    record_metadata.c.time < _END,
)


def _values(rows: Any) -> dict[str, Value]:  # Any: what the columns hold
    return {
        name: value_of(bool_value, int_value, float_value, text_value)
        for _, name, bool_value, int_value, float_value, text_value in rows
    }
