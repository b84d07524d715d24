"""Reads of a device's telemetry: names, latest values, and the time of the newest record."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.sql.block_reads import read_blocks, span_of
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.database import stream_slices, unnest_integers
from iotflow.stores.sql.record_schemas import SchemaChoice, SchemaRegistry, decode_measurements
from iotflow.stores.sql.sealed_blocks import DecodedRecord, UnpackedBlock
from iotflow.stores.sql.tables import NO_EXPIRY_US, records

END_OF_TIME = Millis(2**63 - 1)
"""Later than the event time of every record."""

LATEST_ROWS_PER_SLICE = 8
"""Rows of 1 MiB at most."""


async def read_names(connection: AsyncConnection, schemas: SchemaRegistry, device_id: int) -> frozenset[str]:
    """Return every name of which the device has a record, expired or not."""
    found = await schemas.of_device(connection, device_id)
    if not found:
        return frozenset()
    parameters = {"device_id": device_id, "ids": [schema.id for schema in found]}
    async with stream_slices(connection, _used_schemas_query(connection.dialect.name), parameters) as slices:
        used = {schema_id async for rows in slices for (schema_id,) in rows}
    return frozenset(name for schema in found if schema.id in used for name in schema.names)


async def read_latest(
    connection: AsyncConnection, schemas: SchemaRegistry, device_id: int, *, alive_at: Micros
) -> LatestValues:
    """Return the newest value of each name that expires after `alive_at`."""
    found = {schema.id: schema for schema in await schemas.of_device(connection, device_id)}
    latest: dict[str, LatestValue] = {}
    parameters = {"device_id": device_id, "alive_at": alive_at, "ids": list(found)}
    newest = _newest_records_query(connection.dialect.name)
    partly_expired: list[tuple[int, Millis]] = []
    async with stream_slices(connection, newest, parameters, rows=LATEST_ROWS_PER_SLICE) as slices:
        async for rows in slices:
            for schema_id, time, received, expires_us, measurements, block in rows:
                if schema_id is None:
                    continue
                if expires_us > alive_at:
                    record = DecodedRecord(time, received, expires_us, decode_measurements(measurements))
                    _keep_newest(latest, found[schema_id].names, record)
                else:
                    partly_expired.append((schema_id, block))
    for schema_id, block in partly_expired:
        record = await _newest_alive(connection, device_id, schema_id, block, alive_at)
        _keep_newest(latest, found[schema_id].names, record)
    return latest


def _keep_newest(latest: dict[str, LatestValue], names: Sequence[str], record: DecodedRecord) -> None:
    time, received, expires_us, measurements = record
    expires = None if expires_us == NO_EXPIRY_US else expires_us
    for name, value in zip(names, measurements, strict=True):
        known = latest.get(name)
        if known is None or (known.timestamp, known.received_us) <= (time, received):
            latest[name] = LatestValue(value, time, received, expires)


async def _newest_alive(
    connection: AsyncConnection, device_id: int, schema_id: int, first_time: Millis, alive_at: Micros
) -> DecodedRecord:
    """Return the newest record of a block that expires after `alive_at`. The block has one."""
    blocks = record_blocks.c
    of_block = and_(blocks.device_id == device_id, blocks.schema_id == schema_id, blocks.first_time == first_time)
    number, data = (await connection.execute(select(blocks.number, blocks.data).where(of_block))).one()
    unpacked = UnpackedBlock(data, number)
    newest = max(index for index, expires_us in enumerate(unpacked.expiries()) if expires_us > alive_at)
    return unpacked.records(newest, newest + 1)[0]


# Building a statement takes longer than executing it, hence the caches.
@cache
def _used_schemas_query(dialect: str) -> Select[int]:
    schemas, schema_id = unnest_integers(dialect, "ids")
    of_schema = (
        select(literal(1))
        .where(records.c.device_id == bindparam("device_id"), records.c.schema_id == schema_id)
        .correlate(schemas)
        .exists()
    )
    sealed = (
        select(literal(1))
        .where(record_blocks.c.device_id == bindparam("device_id"), record_blocks.c.schema_id == schema_id)
        .correlate(schemas)
        .exists()
    )
    return select(schema_id).select_from(schemas).where(or_(of_schema, sealed))


@cache
def _newest_records_query(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:  # Any: each column's own type
    schemas, schema_id = unnest_integers(dialect, "ids")
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
    as_rows = select(*columns, records.c.measurements, null().label("first_time")).join_from(
        schemas, records, of_schema, isouter=True
    )
    # The sealed ones first: of the same time, schema and receipt the row replaces the sealed record.
    return union_all(_newest_blocks(dialect), as_rows)


def _newest_blocks(dialect: str) -> Select[*tuple[Any, ...]]:
    """Select the last record of the newest block of each schema that has not all expired."""
    schemas, schema_id = unnest_integers(dialect, "ids")
    blocks = record_blocks.c
    newest = (
        select(blocks.first_time)
        .where(
            blocks.device_id == bindparam("device_id"),
            blocks.schema_id == schema_id,
            blocks.expires_us > bindparam("alive_at"),
        )
        .order_by(blocks.first_time.desc())
        .limit(1)
        .correlate(schemas)
        .scalar_subquery()
    )
    of_schema = and_(
        blocks.device_id == bindparam("device_id"), blocks.schema_id == schema_id, blocks.first_time == newest
    )
    return select(
        blocks.schema_id,
        blocks.last_time,
        blocks.last_received_us,
        blocks.last_expires_us,
        blocks.last_measurements,
        blocks.first_time,
    ).join_from(schemas, record_blocks, of_schema, isouter=True)


async def read_newest_times(
    connection: AsyncConnection, device_ids: Sequence[int], time_range: TimeRange, *, alive_at: Micros
) -> dict[int, Millis]:
    """Return the time of each device's last record within the range that expires after `alive_at`.

    Costs a probe of the primary key for each device, and one for its newest block, which is decoded if its last record
    is beyond the range or expired. A device without such a record is left out.
    """
    end = END_OF_TIME if time_range.end is None else time_range.end
    parameters = span_of({"ids": list(device_ids), "alive_at": alive_at, "first": time_range.start, "end": end})
    newest: dict[int, Millis] = {}
    undecided: list[int] = []
    async with stream_slices(connection, _newest_times_query(connection.dialect.name), parameters) as slices:
        async for rows in slices:
            for device_id, time, sealed, sealed_expires_us in rows:
                if time is not None:
                    newest[device_id] = time
                if sealed is None or (time is not None and sealed <= time):
                    continue
                if sealed < end and sealed_expires_us > alive_at:
                    newest[device_id] = sealed
                else:
                    undecided.append(device_id)
    for device_id in undecided:
        times = [newest[device_id]] if device_id in newest else []
        times += await _newest_sealed(
            connection, {**parameters, "device_id": device_id}, TimeRange(time_range.start, end), alive_at
        )
        newest |= {device_id: max(times)} if times else {}
    return newest


async def _newest_sealed(
    connection: AsyncConnection, wanted: Mapping[str, object], time_range: TimeRange, alive_at: Micros
) -> list[Millis]:
    """Return times of sealed records within the range that expire after `alive_at`, the newest one among them."""
    blocks = read_blocks(connection, wanted, SchemaChoice.ALL, contents=record_blocks.c.data, descending=True)
    newest: list[Millis] = []
    start, end = time_range.start, END_OF_TIME if time_range.end is None else time_range.end
    async for block, following in blocks:
        unpacked = UnpackedBlock(block.data, block.number)
        alive = zip(unpacked.times, unpacked.expiries(), strict=True)
        newest += [time for time, expires_us in alive if expires_us > alive_at and start <= time < end][-1:]
        if newest and (following is None or following.last_time <= max(newest)):
            break
    return newest


@cache
def _newest_times_query(dialect: str) -> Select[*tuple[Any, ...]]:
    devices, device_id = unnest_integers(dialect, "ids")
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
    blocks = record_blocks.c
    newest_block = (
        select(blocks.last_time)
        .where(
            blocks.device_id == device_id,
            blocks.last_time >= bindparam("first", type_=BigInteger),
            blocks.last_time < bindparam("last_day_end", type_=BigInteger),
            blocks.first_time < bindparam("end", type_=BigInteger),
        )
        .order_by(blocks.last_time.desc())
        .limit(1)
        .correlate(devices)
    )
    expires_us = newest_block.with_only_columns(blocks.last_expires_us)
    return select(device_id, newest, newest_block.scalar_subquery(), expires_us.scalar_subquery()).select_from(devices)
