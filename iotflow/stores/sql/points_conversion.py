"""The conversion of `telemetry_points`, which had a row a value, into `telemetry_records`.

It runs in chunks, each in its own transaction that moves its points: an interrupted conversion resumes where it ended.
"""

import logging
import time
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    MetaData,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import Value
from iotflow.stores.record_encoding import encode_measurements
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.record_schemas import SchemaRegistry
from iotflow.stores.sql.record_writes import upsert_records
from iotflow.stores.sql.tables import CorruptRow

POINTS_PER_CHUNK = 20_000
SECONDS_BETWEEN_REPORTS = 5.0

points = Table(
    "telemetry_points",
    MetaData(),
    Column("device_id", BigInteger, primary_key=True),
    Column("time", BigInteger, primary_key=True),
    Column("name", String, primary_key=True),
    # The one column that is not null determines the type.
    Column("bool_value", Boolean),
    Column("int_value", BigInteger),
    Column("float_value", Double),
    Column("text_value", Text),
    Column("received_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
)

_Point = Row[*tuple[Any, ...]]  # Any: each column's own type
_RECEIPT = attrgetter("device_id", "time", "received_us", "expires_us")
"""What the values of one submission have in common."""

logger = logging.getLogger(__name__)


async def convert_points(database: Database) -> None:
    """Move all points into records. Several processes may call it at once. Raises StoreUnavailable."""
    schemas, moved, reported_at = SchemaRegistry(), 0, time.monotonic()
    while True:
        async with database.migration() as connection:
            # Another process may have finished the conversion and dropped the table.
            exists = await connection.run_sync(lambda sync: inspect(sync).has_table(points.name))
            number = await _convert_chunk(connection, schemas) if exists else 0
        if not number:
            return
        moved += number
        if time.monotonic() - reported_at >= SECONDS_BETWEEN_REPORTS:
            reported_at = time.monotonic()
            logger.info("telemetry_points: %d points moved to telemetry_records; it can be interrupted", moved)


async def count_points(database: Database) -> int:
    """Return the number of points that are to be moved. Raises StoreUnavailable."""
    async with database.read(bulk=True) as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table(points.name)):
            return 0
        return (await connection.execute(select(func.count()).select_from(points))).scalar_one()


async def _convert_chunk(connection: AsyncConnection, schemas: SchemaRegistry) -> int:
    """Move the first points, of whole records, and return their number."""
    key = tuple_(points.c.device_id, points.c.time)
    ordered = select(points).order_by(*points.primary_key.columns)
    end = (await connection.execute(ordered.offset(POINTS_PER_CHUNK).limit(1))).one_or_none()
    chunk = ordered if end is None else ordered.where(key <= tuple_(end.device_id, end.time))
    found = (await connection.execute(chunk)).all()
    if not found:
        return 0
    records = [(receipt, _values(rows)) for receipt, rows in groupby(sorted(found, key=_RECEIPT), key=_RECEIPT)]
    schemas_by_shape, missing = schemas.look_up({(device_id, tuple(values)) for (device_id, *_), values in records})
    schemas_by_shape |= await schemas.find_or_add(connection, missing)
    await upsert_records(
        connection,
        [
            (device_id, time, schema.id, received, expires, encode_measurements(schema.pick(values)))
            for (device_id, time, received, expires), values in records
            for schema in schemas_by_shape[device_id, tuple(values)]
        ],
    )
    last = found[-1]
    await connection.execute(delete(points).where(key <= tuple_(last.device_id, last.time)))
    return len(found)


def _values(rows: Iterable[_Point]) -> dict[str, Value]:
    return {row.name: _value(row) for row in sorted(rows, key=attrgetter("name"))}


def _value(row: _Point) -> Value:
    values: list[Value] = [
        value for value in (row.float_value, row.int_value, row.bool_value, row.text_value) if value is not None
    ]
    if len(values) != 1:
        problem = f"telemetry_points: a row of device {row.device_id} at {row.time} has {len(values)} values, not one"
        raise CorruptRow(f"{problem}; delete it, or restore the table from a backup")
    return values[0]
