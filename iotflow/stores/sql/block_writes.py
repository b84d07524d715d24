"""Writes of sealed blocks: records become blocks, and blocks are taken apart to change their records."""

import asyncio
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.record_encoding import encode_measurements
from iotflow.stores.sql.block_statistics import pack_statistics
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.record_schemas import decode_measurements
from iotflow.stores.sql.sealed_blocks import DecodedRecord, UnpackedBlock, pack_records
from iotflow.stores.sql.tables import record_schemas

RECORDS_PER_BLOCK = 2_048
BYTES_PER_BLOCK = 128 * 2**10
"""Bytes of measurements as rows hold them: some 13,000 numbers, or one large record."""
BLOCKS_PER_DELETION = 200
"""Blocks of `BYTES_PER_BLOCK` or less: some 25 MiB."""

_Schema = tuple[int, int]
"""The id of a device, and of one of its schemas."""
BlockRow = dict[str, Any]  # Any: each column's own type


def day_of(time: int) -> TimeRange:
    """Return the day of UTC that holds a time."""
    start = Millis(time // DAY_MS * DAY_MS)
    return TimeRange(start, Millis(start + DAY_MS))


async def lock_blocks(connection: AsyncConnection, schema_ids: Collection[int] | Select[int]) -> None:
    """Lock the blocks of these schemas until the transaction ends, by the rows of the schemas.

    Blocks cannot be locked by their rows: another process replaces rows by new ones.
    """
    chosen = select(record_schemas.c.id).where(record_schemas.c.id.in_(schema_ids))
    await connection.execute(chosen.order_by(record_schemas.c.id).with_for_update())


def decode_rows(rows: Iterable[Row[Millis, Micros, Micros, bytes]]) -> list[DecodedRecord]:
    """Return the records of rows of time, receipt, expiry and measurements."""
    return [
        DecodedRecord(time, received_us, expires_us, decode_measurements(measurements))
        for time, received_us, expires_us, measurements in rows
    ]


def pack_blocks(schema: _Schema, sealed: Iterable[DecodedRecord]) -> list[BlockRow]:
    """Return records of one schema and day as blocks; of several at one time the one received last.

    Of those received at one time the last one replaces the others. A block takes some 8 ms: call this in a thread.
    """
    newest: dict[Millis, DecodedRecord] = {}
    for record in sealed:
        held = newest.get(record.time)
        if held is None or held.received_us <= record.received_us:
            newest[record.time] = record
    return [_block_row(schema, part) for part in _split([newest[time] for time in sorted(newest)])]


async def insert_blocks(connection: AsyncConnection, blocks: Sequence[BlockRow]) -> None:
    """Insert blocks, if there are any."""
    if blocks:
        await connection.execute(insert(record_blocks), blocks)


async def rewrite_blocks(
    connection: AsyncConnection, chosen: ColumnElement[bool], keeps: Callable[[DecodedRecord], bool]
) -> None:
    """Remove the records of the chosen blocks that `keeps` rejects."""
    await lock_blocks(connection, select(record_blocks.c.schema_id).where(chosen))
    columns = (record_blocks.c.device_id, record_blocks.c.schema_id, record_blocks.c.number, record_blocks.c.data)
    taken = (await connection.execute(delete(record_blocks).where(chosen).returning(*columns))).all()
    for block in taken:
        await insert_blocks(connection, await asyncio.to_thread(_repack, block, keeps))


async def last_day_of_chunk(connection: AsyncConnection, device_id: int, time_range: TimeRange) -> Millis | None:
    """Return the end of the day at which one transaction ends the deletion of blocks; None if it deletes all."""
    blocks = record_blocks.c
    first_times = select(blocks.first_time).where(
        blocks.device_id == device_id, blocks.first_time >= day_of(time_range.start).start
    )
    if time_range.end is not None:
        first_times = first_times.where(blocks.first_time < time_range.end)
    ordered = first_times.order_by(blocks.first_time).offset(BLOCKS_PER_DELETION - 1).limit(1)
    found = await connection.scalar(ordered)
    end = None if found is None else day_of(found).end
    return end if end is not None and (time_range.end is None or end < time_range.end) else None


async def delete_sealed(connection: AsyncConnection, device_id: int, time_range: TimeRange) -> None:
    """Delete a device's sealed records within a range."""
    start, end = time_range.start, time_range.end
    of_device = record_blocks.c.device_id == device_id
    whole = and_(of_device, record_blocks.c.first_time >= start)
    partly = and_(of_device, record_blocks.c.first_time >= day_of(start).start, record_blocks.c.last_time >= start)
    if end is not None:
        whole = and_(whole, record_blocks.c.first_time < end, record_blocks.c.last_time < end)
        partly = and_(partly, record_blocks.c.first_time < end)
    await lock_blocks(connection, select(record_blocks.c.schema_id).where(partly))
    await connection.execute(delete(record_blocks).where(whole))
    await rewrite_blocks(
        connection, partly, lambda record: record.time < start or (end is not None and record.time >= end)
    )


def _repack(block: Row[int, int, int, bytes], keeps: Callable[[DecodedRecord], bool]) -> list[BlockRow]:
    device_id, schema_id, number, data = block
    return pack_blocks((device_id, schema_id), filter(keeps, UnpackedBlock(data, number).records()))


def _split(sealed: Sequence[DecodedRecord]) -> Iterator[Sequence[DecodedRecord]]:
    """Split records into equal parts, so that those of a full block and a late one leave room in both."""
    if not sealed:
        return
    size = sum(len(encode_measurements(record.measurements)) for record in sealed)
    parts = max(math.ceil(len(sealed) / RECORDS_PER_BLOCK), math.ceil(size / BYTES_PER_BLOCK))
    length = math.ceil(len(sealed) / parts)
    for start in range(0, len(sealed), length):
        yield sealed[start : start + length]


def _block_row(schema: _Schema, sealed: Sequence[DecodedRecord]) -> BlockRow:
    last = sealed[-1]
    return {
        "device_id": schema[0],
        "schema_id": schema[1],
        "first_time": sealed[0].time,
        "last_time": last.time,
        "number": len(sealed),
        "first_expires_us": min(record.expires_us for record in sealed),
        "expires_us": max(record.expires_us for record in sealed),
        "last_received_us": last.received_us,
        "last_expires_us": last.expires_us,
        "last_measurements": encode_measurements(last.measurements),
        "statistics": pack_statistics([record.measurements for record in sealed]),
        "data": pack_records(sealed),
    }
