"""Reads of a device's telemetry: names, latest values, and the time of the newest record."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.sql.database import in_slices, integers
from iotflow.stores.sql.record_schemas import RecordSchemas, decode_measurements
from iotflow.stores.sql.tables import NO_EXPIRY_US, records

END_OF_TIME = Millis(2**63 - 1)
"""Later than the event time of every record."""

LATEST_ROWS_PER_SLICE = 8
"""Rows of 1 MiB at most."""


async def read_names(connection: AsyncConnection, schemas: RecordSchemas, device_id: int) -> frozenset[str]:
    """Return every name of which the device has a record, expired or not."""
    found = await schemas.of_device(connection, device_id)
    if not found:
        return frozenset()
    parameters = {"device_id": device_id, "ids": [schema.id for schema in found]}
    async with in_slices(connection, _used_schemas(connection.dialect.name), parameters) as slices:
        used = {schema_id async for rows in slices for (schema_id,) in rows}
    return frozenset(name for schema in found if schema.id in used for name in schema.names)


async def read_latest(
    connection: AsyncConnection, schemas: RecordSchemas, device_id: int, *, alive_at: Micros
) -> LatestValues:
    """Return the newest value of each name that expires after `alive_at`."""
    found = {schema.id: schema for schema in await schemas.of_device(connection, device_id)}
    latest: dict[str, LatestValue] = {}
    parameters = {"device_id": device_id, "alive_at": alive_at, "ids": list(found)}
    newest = _newest_records(connection.dialect.name)
    async with in_slices(connection, newest, parameters, rows=LATEST_ROWS_PER_SLICE) as slices:
        async for rows in slices:
            for schema_id, time, received, expires_us, measurements in rows:
                if schema_id is None:
                    continue
                expires = None if expires_us == NO_EXPIRY_US else expires_us
                for name, value in zip(found[schema_id].names, decode_measurements(measurements), strict=True):
                    known = latest.get(name)
                    if known is None or (known.timestamp, known.received) < (time, received):
                        latest[name] = LatestValue(value, time, received, expires)
    return latest


# Building a statement takes longer than executing it, hence the caches.
@cache
def _used_schemas(dialect: str) -> Select[int]:
    schemas, schema_id = integers(dialect, "ids")
    of_schema = (
        select(literal(1))
        .where(records.c.device_id == bindparam("device_id"), records.c.schema_id == schema_id)
        .correlate(schemas)
        .exists()
    )
    return select(schema_id).select_from(schemas).where(of_schema)


@cache
def _newest_records(dialect: str) -> Select[*tuple[Any, ...]]:  # Any: each column's own type
    schemas, schema_id = integers(dialect, "ids")
    newest = (
        select(records.c.time)
        .where(
            records.c.device_id == bindparam("device_id"),
            # In the form and order of the index of schemas: SQLite would read all records of the device instead.
            tuple_(records.c.schema_id, records.c.time) >= tuple_(schema_id, literal(0)),
            tuple_(records.c.schema_id, records.c.time) < tuple_(schema_id, literal(END_OF_TIME)),
            records.c.expires_us > bindparam("alive_at"),
        )
        .order_by(records.c.schema_id.desc(), records.c.time.desc())
        .limit(1)
        .correlate(schemas)
        .scalar_subquery()
    )
    columns = (records.c.schema_id, records.c.time, records.c.received_us, records.c.expires_us)
    of_schema = and_(
        records.c.device_id == bindparam("device_id"), records.c.schema_id == schema_id, records.c.time == newest
    )
    # An outer join, whose order is fixed: SQLite would read all records of the device and look for their schemas.
    return select(*columns, records.c.measurements).join_from(schemas, records, of_schema, isouter=True)


async def read_newest_times(
    connection: AsyncConnection, device_ids: Sequence[int], time_range: TimeRange, *, alive_at: Micros
) -> dict[int, Millis]:
    """Return the time of each device's last record within the range that expires after `alive_at`.

    Costs one probe of the primary key for each device. A device without such a record is left out.
    """
    end = END_OF_TIME if time_range.end is None else time_range.end
    parameters = {"ids": list(device_ids), "alive_at": alive_at, "first": time_range.start, "end": end}
    async with in_slices(connection, _newest_query(connection.dialect.name), parameters) as slices:
        return {device_id: time async for rows in slices for device_id, time in rows if time is not None}


@cache
def _newest_query(dialect: str) -> Select[*tuple[Any, ...]]:
    devices, device_id = integers(dialect, "ids")
    newest = (
        select(records.c.time)
        .where(
            records.c.device_id == device_id,
            records.c.expires_us > bindparam("alive_at"),
            records.c.time >= bindparam("first", type_=BigInteger),
            records.c.time < bindparam("end", type_=BigInteger),
        )
        .order_by(records.c.time.desc())
        .limit(1)
        .correlate(devices)
        .scalar_subquery()
    )
    return select(device_id, newest).select_from(devices)
