"""The sealing of closed days: the rows of `telemetry_records` become blocks of `telemetry_blocks`."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam, delete, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.clock import Clock
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.block_writes import (
    BYTES_PER_BLOCK,
    RECORDS_PER_BLOCK,
    BlockRow,
    day_of,
    decode_rows,
    insert_blocks,
    lock_blocks,
    pack_blocks,
)
from iotflow.stores.sql.database import Database, SerializationConflict
from iotflow.stores.sql.sealed_blocks import UnpackedBlock
from iotflow.stores.sql.tables import record_schemas, records
from iotflow.stores.sql.telemetry_queries import END_OF_TIME

CLOSED_AFTER_MS = 6 * 3_600_000
"""Time after the end of a day in which late records are still expected, in milliseconds."""
MIN_RECORDS = 16
"""Fewer records of a schema and day take less room as rows than as a block."""
MAX_SEALED_SCHEMAS = 8
"""Schemas of a device with blocks, those of the lowest ids: a read may hold a block of each in the memory at once."""
PROBES_PER_CHUNK = 50
ROWS_PER_PROBE = 1_000

_MAX_ID = 2**63 - 1
_BEGINNING = (-1, -1, Millis(-1))


class _Part(NamedTuple):
    """What one transaction seals: rows of a schema and day, and the block that they are in or beside."""

    chosen: ColumnElement[bool]
    rows: Sequence[Row[*tuple[Any, ...]]]  # Any: each column's own type
    block: Row[Millis, Millis, int, bytes] | None


class DaySealer:
    """Seals days that ended `closed_after_ms` ago. Implementation of `RecordSealer`.

    Several processes may seal at once: a transaction seals what it deletes, so one of them takes a row.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        closed_after_ms: int = CLOSED_AFTER_MS,
        min_records: int = MIN_RECORDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._closed_after_ms = closed_after_ms
        self._min_records = min_records
        self._sealed_to = _BEGINNING

    async def seal_chunk(self) -> bool:
        closed = day_of(max(0, self._clock.now() - self._closed_after_ms)).start
        async with self._database.read() as connection:
            for _ in range(PROBES_PER_CHUNK):
                row = (await connection.execute(_NEXT_ROW, dict(zip(_KEY, self._sealed_to, strict=True)))).one_or_none()
                if row is None:
                    self._sealed_to = _BEGINNING
                    return False
                device_id, schema_id, time = row
                day = await self._day_to_seal(connection, device_id, schema_id, TimeRange(time, closed))
                if day is not None:
                    break
            else:
                return True
        try:
            await self._seal(device_id, schema_id, day)
        except SerializationConflict:
            # Another process seals this day, or records of it have just been written: the next round seals the rest.
            self._sealed_to = (device_id, schema_id, _last_time_of(day))
        return True

    async def _day_to_seal(
        self, connection: AsyncConnection, device_id: int, schema_id: int, closed: TimeRange
    ) -> TimeRange | None:
        """Return the first closed day of a schema with enough rows, or a row beside a block, and move up to it."""
        assert closed.end is not None
        end_of_schema = (device_id, schema_id, END_OF_TIME)
        if closed.start >= closed.end:
            self._sealed_to = end_of_schema
            return None
        earlier = select(func.count()).where(record_schemas.c.device_id == device_id, record_schemas.c.id < schema_id)
        if (await connection.scalar(earlier) or 0) >= MAX_SEALED_SCHEMAS:
            self._sealed_to = (device_id, _MAX_ID, END_OF_TIME)
            return None
        wanted = {"device_id": device_id, "schema_id": schema_id, "first": closed.start, "end": closed.end}
        days = (await connection.execute(_ROWS_BY_DAY, wanted)).all()
        for start, number, sealed in days:
            if number >= self._min_records or sealed:
                self._sealed_to = (device_id, schema_id, Millis(start - 1))
                return day_of(start)
        # A full probe may end within its last day. It has several days: a single one that fills it is sealed.
        is_full = sum(number for _, number, _ in days) == ROWS_PER_PROBE
        self._sealed_to = (device_id, schema_id, Millis(days[-1][0] - 1)) if is_full else end_of_schema
        return None

    async def _seal(self, device_id: int, schema_id: int, day: TimeRange) -> None:
        """Seal the first rows of a schema within a day, together with the block that they are in or beside.

        They are packed before the transaction that writes begins: it lasts a few milliseconds. Raises
        SerializationConflict if they were changed in the meantime.
        """
        async with self._database.read(bulk=True) as connection:
            part = await _read_part(connection, device_id, schema_id, day)
        if part is None:
            return
        blocks = await asyncio.to_thread(_pack, (device_id, schema_id), part)
        async with self._database.write(bulk=True) as connection:
            await lock_blocks(connection, [schema_id])
            await _take(connection, device_id, schema_id, part)
            await insert_blocks(connection, blocks)


def _pack(schema: tuple[int, int], part: _Part) -> list[BlockRow]:
    sealed = [] if part.block is None else UnpackedBlock(part.block.data, part.block.number).records()
    return pack_blocks(schema, [*sealed, *decode_rows(part.rows)])


async def _read_part(connection: AsyncConnection, device_id: int, schema_id: int, day: TimeRange) -> _Part | None:
    rows = _rows_within(device_id, schema_id, day)
    first = await connection.scalar(select(records.c.time).where(rows).order_by(records.c.time).limit(1))
    if first is None:
        return None
    block = await _block_for(connection, _blocks_within(device_id, schema_id, day), first)
    if block is not None and block.last_time >= first:
        rows = and_(rows, records.c.time <= block.last_time)
    last = await _last_of_chunk(connection, rows)
    chosen = and_(rows, records.c.time <= last)
    if block is not None and not ((first <= block.last_time and block.first_time <= last) or _has_room(block)):
        block = None
    columns = (records.c.time, records.c.received_us, records.c.expires_us, records.c.measurements)
    found = await connection.execute(select(*columns).where(chosen).order_by(records.c.time))
    return _Part(chosen, found.all(), block)


async def _take(connection: AsyncConnection, device_id: int, schema_id: int, part: _Part) -> None:
    """Delete the rows and the block of a part. Raises SerializationConflict if they are not those that were read."""
    receipts = delete(records).where(part.chosen).returning(records.c.time, records.c.received_us)
    taken = {(time, received_us) for time, received_us in await connection.execute(receipts)}
    unchanged = taken == {(row.time, row.received_us) for row in part.rows}
    if part.block is not None:
        key = and_(record_blocks.c.device_id == device_id, record_blocks.c.schema_id == schema_id)
        block = and_(key, record_blocks.c.first_time == part.block.first_time, record_blocks.c.data == part.block.data)
        unchanged = unchanged and (await connection.execute(delete(record_blocks).where(block))).rowcount == 1
    if not unchanged:
        raise SerializationConflict("sql", "records were changed while they were sealed")


async def _last_of_chunk(connection: AsyncConnection, chosen: ColumnElement[bool]) -> Millis:
    """Return the time of the last of the first rows that fit into a block. There is at least one."""
    sizes = select(records.c.time, func.length(records.c.measurements)).where(chosen).order_by(records.c.time)
    found = (await connection.execute(sizes.limit(RECORDS_PER_BLOCK))).all()
    last, room = Millis(found[0][0]), BYTES_PER_BLOCK - found[0][1]
    for time, size in found[1:]:
        room -= size
        if room < 0:
            break
        last = Millis(time)
    return last


async def _block_for(
    connection: AsyncConnection, blocks: ColumnElement[bool], time: Millis
) -> Row[Millis, Millis, int, bytes] | None:
    """Return the first block that does not end before the time; without one the last block, if it has room."""
    columns = select(
        record_blocks.c.first_time, record_blocks.c.last_time, record_blocks.c.number, record_blocks.c.data
    ).where(blocks)
    following = columns.where(record_blocks.c.last_time >= time).order_by(record_blocks.c.first_time).limit(1)
    found = (await connection.execute(following)).one_or_none()
    if found is None:
        found = (await connection.execute(columns.order_by(record_blocks.c.first_time.desc()).limit(1))).one_or_none()
        return found if found is not None and _has_room(found) else None
    return found


def _has_room(block: Row[Millis, Millis, int, bytes]) -> bool:
    number: int = block.number
    return number <= RECORDS_PER_BLOCK // 2


def _last_time_of(day: TimeRange) -> Millis:
    assert day.end is not None
    return Millis(day.end - 1)


def _rows_within(device_id: int, schema_id: int, day: TimeRange) -> ColumnElement[bool]:
    key = tuple_(records.c.schema_id, records.c.time)
    # In the form of the index of schemas, as in `SchemaChoice`.
    return and_(
        records.c.device_id == device_id,
        key >= tuple_(literal(schema_id), literal(day.start)),
        key <= tuple_(literal(schema_id), literal(_last_time_of(day))),
    )


def _blocks_within(device_id: int, schema_id: int, day: TimeRange) -> ColumnElement[bool]:
    return and_(
        record_blocks.c.device_id == device_id,
        record_blocks.c.schema_id == schema_id,
        record_blocks.c.first_time >= day.start,
        record_blocks.c.first_time < day.end,
    )


_KEY = ("after_device", "after_schema", "after_time")
# In the order of the index of schemas.
_index = (records.c.device_id, records.c.schema_id, records.c.time)
_NEXT_ROW = (
    select(*_index)
    .where(tuple_(*_index) > tuple_(*(bindparam(name, type_=BigInteger) for name in _KEY)))
    .order_by(*_index)
    .limit(1)
)

_device_id, _schema_id = bindparam("device_id", type_=BigInteger), bindparam("schema_id", type_=BigInteger)
_rows = (
    select((records.c.time - records.c.time % DAY_MS).label("day"))
    .where(
        records.c.device_id == _device_id,
        tuple_(records.c.schema_id, records.c.time) >= tuple_(_schema_id, bindparam("first", type_=BigInteger)),
        tuple_(records.c.schema_id, records.c.time) < tuple_(_schema_id, bindparam("end", type_=BigInteger)),
    )
    .order_by(records.c.schema_id, records.c.time)
    .limit(ROWS_PER_PROBE)
    .subquery()
)
_has_block = (
    select(literal(1))
    .where(
        record_blocks.c.device_id == _device_id,
        record_blocks.c.schema_id == _schema_id,
        record_blocks.c.first_time >= _rows.c.day,
        record_blocks.c.first_time < _rows.c.day + DAY_MS,
    )
    .correlate(_rows)
    .exists()
)
_ROWS_BY_DAY = select(_rows.c.day, func.count(), _has_block).group_by(_rows.c.day).order_by(_rows.c.day)
"""Select each day of a schema's first rows within a range, the number of these rows, and whether it has a block."""
