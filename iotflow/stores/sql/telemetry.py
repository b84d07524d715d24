"""Telemetry in the `telemetry_records` and `telemetry_metadata` tables: writes, deletion and retention."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.clock import Clock
from iotflow.concurrency.group_commit import GroupCommit
from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.telemetry import LatestValues, PageLimit, Record, RecordPage
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.record_encoding import RecordSchemas, RecordShape
from iotflow.stores.sql.aggregates import aggregate
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.block_writes import delete_sealed, last_day_of_chunk, rewrite_blocks
from iotflow.stores.sql.database import Database, retry_on_conflict
from iotflow.stores.sql.record_pages import read_records
from iotflow.stores.sql.record_schemas import SchemaRegistry
from iotflow.stores.sql.record_writes import (
    ROWS_PER_CALL,
    DeviceRecords,
    metadata_rows,
    record_rows,
    shapes_of,
    upsert_metadata,
    upsert_records,
    upsert_records_sql,
)
from iotflow.stores.sql.tables import record_metadata, record_schemas, records
from iotflow.stores.sql.telemetry_queries import read_latest, read_names, read_newest_times

VALUES_PER_FLUSH = 10_000
MAX_WAITING_VALUES = 200_000
WRITE_DEADLINE_S = 10.0
ROWS_PER_DELETION = 5_000
ROWS_PER_SWEEP = 1_000
ROWS_PER_PURGE = 2_000
BYTES_PER_CHUNK = 32 * 2**20
"""Bytes of records that one transaction deletes at most: the largest record has 1 MiB."""

T = TypeVar("T")

_TABLES = (records, record_metadata)
_SWEPT = (*_TABLES, record_blocks)
_PURGED = (*_SWEPT, record_schemas)
_SIZED = {records: records.c.measurements, record_blocks: record_blocks.c.data}
"""The tables whose rows may be large, each with the column that makes them so."""
REWRITTEN_AFTER_US = DAY_MS * 1_000
"""A block is rewritten when one of its records expired this long ago, in microseconds: once a day."""


class SqlTelemetry:
    """SQL implementation of `TelemetryRepository` and `RetentionSweeper`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_days = retention_days
        self._schemas = SchemaRegistry()
        self._swept_table = 0
        self._swept_to: tuple[object, ...] | None = None
        self._writes = GroupCommit(
            self._flush,
            store="telemetry",
            group_weight=VALUES_PER_FLUSH,
            max_waiting_weight=MAX_WAITING_VALUES,
            deadline_s=WRITE_DEADLINE_S,
        )

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        # In parts: a flush blocks the event loop while it builds its rows, and has a deadline.
        for part in _split(records):
            await self._writes.submit((device_id, part), sum(len(record.values) for record in part))

    async def close(self) -> None:
        """Wait for the submitted writes."""
        await self._writes.close()

    async def names(self, device_id: int) -> frozenset[str]:
        async with self._database.read() as connection:
            return await read_names(connection, self._schemas, device_id)

    async def latest(self, device_id: int) -> LatestValues:
        async with self._database.read() as connection:
            return await read_latest(connection, self._schemas, device_id, alive_at=self._now_us())

    async def records(
        self,
        device_id: int,
        time_range: TimeRange,
        *,
        descending: bool,
        limit: PageLimit,
        after: Millis | None = None,
        names: Collection[str] | None = None,
    ) -> RecordPage:
        async with self._database.read(bulk=True) as connection:
            return await read_records(
                connection,
                self._schemas,
                device_id,
                time_range,
                alive_at=self._now_us(),
                descending=descending,
                limit=limit,
                after=after,
                names=names,
            )

    async def newest_times(self, device_ids: Sequence[int], time_range: TimeRange) -> Mapping[int, Millis]:
        async with self._database.read(bulk=True) as connection:
            return await read_newest_times(connection, device_ids, time_range, alive_at=self._now_us())

    async def aggregate(
        self,
        device_id: int,
        name: str,
        time_range: TimeRange,
        aggregation: Aggregation,
        *,
        window: Window,
        offset_ms: int,
    ) -> list[WindowAggregate]:
        async with self._database.read(bulk=True) as connection:
            return await aggregate(
                connection,
                self._schemas,
                device_id,
                name,
                time_range,
                aggregation,
                alive_at=self._now_us(),
                window=window,
                offset_ms=offset_ms,
            )

    async def delete(self, device_id: int, time_range: TimeRange) -> None:
        # In chunks: one transaction over a year of records would block writers and exceed its deadline.
        rest: TimeRange | None = time_range
        while rest is not None:
            rest = await retry_on_conflict(partial(self._delete_chunk, device_id, rest))

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        for table in _PURGED:
            if await retry_on_conflict(partial(self._purge_rows, table, device_ids)):
                return list(device_ids)
        return []

    async def delete_expired_chunk(self) -> bool:
        """Delete what has expired of the next rows, in the order of their key, of one table after the other."""
        self._swept_to = await self._sweep_rows(_SWEPT[self._swept_table], self._swept_to)
        if self._swept_to is None:
            self._swept_table = (self._swept_table + 1) % len(_SWEPT)
        return self._swept_to is not None or self._swept_table != 0

    async def _flush(self, writes: Sequence[DeviceRecords]) -> None:
        schemas_by_shape, missing = self._schemas.look_up(shapes_of(writes))
        metadata = metadata_rows(writes, self._retention_days)
        if not missing and not metadata:
            rows = record_rows(writes, schemas_by_shape, self._retention_days)
            statement, bulk = upsert_records_sql(self._database.dialect), len(rows) > ROWS_PER_CALL
            await retry_on_conflict(partial(self._database.write_rows, statement, rows, bulk=bulk))
            return

        async def upsert() -> Mapping[RecordShape, RecordSchemas]:
            bulk = sum(len(records) for _, records in writes) > ROWS_PER_CALL
            async with self._database.write(bulk=bulk) as connection:
                added = await self._schemas.find_or_add(connection, missing)
                await upsert_records(
                    connection, record_rows(writes, {**schemas_by_shape, **added}, self._retention_days)
                )
                await upsert_metadata(connection, metadata)
            return added

        self._schemas.remember(await retry_on_conflict(upsert))

    async def _delete_chunk(self, device_id: int, time_range: TimeRange) -> TimeRange | None:
        """Delete the first records of the range in one transaction. Return the rest of the range, None for none."""
        async with self._database.write(bulk=True) as connection:
            chosen = and_(records.c.device_id == device_id, _within(records.c.time, time_range))
            number = await _rows_per_chunk(connection, records, chosen, ROWS_PER_DELETION)
            times = select(records.c.time).where(chosen).order_by(records.c.time)
            last = await connection.scalar(times.offset(number - 1).limit(1))
            ends = [end for end in (await last_day_of_chunk(connection, device_id, time_range),) if end is not None]
            ends += [] if last is None else [Millis(last + 1)]
            end = min(ends, default=time_range.end)
            for table in _TABLES:
                chunk = _within(table.c.time, TimeRange(time_range.start, end))
                await connection.execute(delete(table).where(table.c.device_id == device_id, chunk))
            # After the rows: a concurrent sealing of one of them has committed its block by now.
            await delete_sealed(connection, device_id, TimeRange(time_range.start, end))
        return TimeRange(end, time_range.end) if ends and end is not None and end != time_range.end else None

    async def _purge_rows(self, table: Table, device_ids: Collection[int]) -> bool:
        """Delete up to `ROWS_PER_PURGE` rows of these devices, and return whether there may be more.

        Without any rows no write transaction begins.
        """
        key = tuple_(*table.primary_key.columns)
        of_devices = table.c.device_id.in_(device_ids)
        async with self._database.read(bulk=True) as connection:
            found = (await connection.execute(select(literal(1)).select_from(table).where(of_devices).limit(1))).first()
        if found is None:
            return False
        async with self._database.write(bulk=True) as connection:
            number = await _rows_per_chunk(connection, table, of_devices, ROWS_PER_PURGE)
            chunk = select(*table.primary_key.columns).where(of_devices).order_by(*table.primary_key.columns)
            return (await connection.execute(delete(table).where(key.in_(chunk.limit(number))))).rowcount == number

    async def _sweep_rows(self, table: Table, swept_to: tuple[object, ...] | None) -> tuple[object, ...] | None:
        """Delete what has expired of the next rows, up to `ROWS_PER_SWEEP`, after the key `swept_to`.

        Return the key of the last row looked at, None at the end of the table. Without expired rows no write
        transaction begins.
        """
        key = tuple_(*table.primary_key.columns)
        types = [column.type for column in table.primary_key.columns]
        rest = key > tuple_(*swept_to, types=types) if swept_to is not None else true()
        async with self._database.read(bulk=True) as connection:
            number = await _rows_per_chunk(connection, table, rest, ROWS_PER_SWEEP)
            keys = select(*table.primary_key.columns).where(rest).order_by(*table.primary_key.columns)
            end = (await connection.execute(keys.offset(number - 1).limit(1))).one_or_none()
            chunk = rest if end is None else and_(rest, key <= tuple_(*end, types=types))
            expired = and_(chunk, ~self._alive(table.c.expires_us))
            partly = and_(chunk, record_blocks.c.first_expires_us <= self._now_us() - REWRITTEN_AFTER_US)
            changed = or_(expired, partly) if table is record_blocks else expired
            found = (await connection.execute(select(literal(1)).select_from(table).where(changed).limit(1))).first()
        if found is not None:
            async with self._database.write(bulk=True) as connection:
                await connection.execute(delete(table).where(expired))
            if table is record_blocks:
                await self._rewrite_blocks(partly)
        return None if end is None else tuple(end)

    async def _rewrite_blocks(self, chosen: ColumnElement[bool]) -> None:
        """Remove the expired records of the chosen blocks, in a transaction for each: it lasts some 20 ms."""
        key = tuple_(*record_blocks.primary_key.columns)
        now_us = self._now_us()
        async with self._database.read(bulk=True) as connection:
            found = (await connection.execute(select(*record_blocks.primary_key.columns).where(chosen))).all()
        for block in found:
            async with self._database.write(bulk=True) as connection:
                chosen_block = and_(chosen, key == tuple_(*block))
                await rewrite_blocks(connection, chosen_block, lambda record: record.expires_us > now_us)

    def _alive(self, expires_us: ColumnElement[int]) -> ColumnElement[bool]:
        return expires_us > self._now_us()

    def _now_us(self) -> Micros:
        return Micros(self._clock.now() * 1_000)


async def _rows_per_chunk(connection: AsyncConnection, table: Table, chosen: ColumnElement[bool], most: int) -> int:
    """Return how many of the first chosen rows one transaction may delete: `most`, or fewer if records are large."""
    sized = _SIZED.get(table)
    if sized is None:
        return most
    sizes = select(func.length(sized)).where(chosen).order_by(*table.primary_key.columns)
    room = BYTES_PER_CHUNK
    for number, size in enumerate((await connection.execute(sizes.limit(most))).scalars()):
        room -= size
        if room < 0:
            return max(1, number)
    return most


def _split(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Split records into parts of at most `VALUES_PER_FLUSH` values, or one record."""
    part: list[Record] = []
    values = 0
    for record in records:
        if part and values + len(record.values) > VALUES_PER_FLUSH:
            yield part
            part, values = [], 0
        part.append(record)
        values += len(record.values)
    if part:
        yield part


def _within(time: ColumnElement[int], time_range: TimeRange) -> ColumnElement[bool]:
    return and_(time >= time_range.start, time < time_range.end if time_range.end is not None else true())
