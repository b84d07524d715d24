"""Telemetry in the `telemetry_points` and `telemetry_metadata` tables: writes, deletion and retention."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Final, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Insert,
    Table,
    and_,
    delete,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from iotflow.clock import Clock
from iotflow.concurrency.group_commit import GroupCommit
from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.telemetry import LatestValues, PageLimit, Record, RecordPage, expiry
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.sql.aggregates import Windows, aggregate
from iotflow.stores.sql.database import Database, insert, retry_on_conflict
from iotflow.stores.sql.tables import NO_EXPIRY_US, encode_value, points, record_metadata
from iotflow.stores.sql.telemetry_queries import read_latest, read_names, read_newest_times, read_records

ROWS_PER_STATEMENT = 500
ROWS_PER_FLUSH = 5_000
MAX_WAITING_ROWS = 200_000
WRITE_DEADLINE_S = 10.0
ROWS_PER_DELETION = 5_000
ROWS_PER_SWEEP = 1_000
ROWS_PER_PURGE = 2_000

T = TypeVar("T")

_Key = tuple[int, Millis, str]
_Point = tuple[int, Millis, str, bool | None, int | None, float | None, str | None, Micros, Micros]
"""A row of `points`, in the order of its columns."""
_RECEIVED: Final = 7
"""The index of `received_us` in a `_Point`."""

_TABLES = (points, record_metadata)


@dataclass(frozen=True, slots=True)
class _Write:
    device_id: int
    records: Sequence[Record]


class SqlTelemetry:
    """SQL implementation of `TelemetryRepository` and `RetentionSweeper`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_days = retention_days
        self._swept_table = 0
        self._swept_to: tuple[object, ...] | None = None
        self._writes = GroupCommit(
            self._flush,
            store="telemetry",
            group_weight=ROWS_PER_FLUSH,
            max_waiting_weight=MAX_WAITING_ROWS,
            deadline_s=WRITE_DEADLINE_S,
        )

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        # In parts: a flush blocks the event loop while it builds its rows, and has a deadline.
        for part in _split(records):
            await self._writes.submit(_Write(device_id, part), sum(len(record.values) for record in part))

    async def close(self) -> None:
        """Wait for the submitted writes."""
        await self._writes.close()

    async def names(self, device_id: int) -> frozenset[str]:
        async with self._database.read() as connection:
            return await read_names(connection, device_id)

    async def latest(self, device_id: int) -> LatestValues:
        async with self._database.read() as connection:
            return await read_latest(connection, device_id, alive_at=self._now_us())

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
        width_ms: int,
        offset_ms: int,
    ) -> list[WindowAggregate]:
        chosen = and_(
            points.c.device_id == device_id,
            points.c.name == name,
            _within(points.c.time, time_range),
            self._alive(points.c.expires_us),
        )
        async with self._database.read(bulk=True) as connection:
            return await aggregate(connection, chosen, Windows(width_ms, offset_ms), aggregation)

    async def delete(self, device_id: int, time_range: TimeRange) -> None:
        # In chunks: one transaction over a year of records would block writers and exceed its deadline.
        rest: TimeRange | None = time_range
        while rest is not None:
            rest = await retry_on_conflict(partial(self._delete_chunk, device_id, rest))

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        for table in _TABLES:
            if await retry_on_conflict(partial(self._purge_rows, table, device_ids)) == ROWS_PER_PURGE:
                return list(device_ids)
        return []

    async def delete_expired_chunk(self) -> bool:
        """Delete what has expired of the next rows, in the order of their key, of one table after the other."""
        self._swept_to = await self._sweep_rows(_TABLES[self._swept_table], self._swept_to)
        if self._swept_to is None:
            self._swept_table = (self._swept_table + 1) % len(_TABLES)
        return self._swept_to is not None or self._swept_table != 0

    async def _flush(self, writes: Sequence[_Write]) -> None:
        values: dict[_Key, _Point] = {}
        metadata: dict[tuple[int, Millis], dict[str, object]] = {}
        for write in writes:
            for record in write.records:
                expires = expiry(record.received, self._retention_days) or NO_EXPIRY_US
                for name, value in record.values.items():
                    key = (write.device_id, record.timestamp, name)
                    held = values.get(key)
                    # Of several values for one key in one flush only the last received is stored.
                    if held is None or held[_RECEIVED] <= record.received:
                        values[key] = (*key, *encode_value(value), record.received, expires)
                if record.metadata is not None:
                    _keep_last_received(metadata, write.device_id, record, expires)
        # In the order of their keys: two workers that wrote the same keys in different orders would deadlock.
        rows = [values[key] for key in sorted(values)]
        records = [metadata[key] for key in sorted(metadata)]

        async def upsert() -> None:
            async with self._database.write(bulk=len(rows) > ROWS_PER_STATEMENT) as connection:
                await _upsert_points(connection, rows)
                for chunk in _chunks(records):
                    await connection.execute(_upsert_statement(connection.dialect.name, record_metadata), chunk)

        await retry_on_conflict(upsert)

    async def _delete_chunk(self, device_id: int, time_range: TimeRange) -> TimeRange | None:
        """Delete the first records of the range in one transaction. Return the rest of the range, None for none."""
        async with self._database.write(bulk=True) as connection:
            times = select(points.c.time).where(points.c.device_id == device_id, _within(points.c.time, time_range))
            last = await connection.scalar(times.order_by(points.c.time).offset(ROWS_PER_DELETION - 1).limit(1))
            end = time_range.end if last is None else Millis(last + 1)
            for table in _TABLES:
                chunk = _within(table.c.time, TimeRange(time_range.start, end))
                await connection.execute(delete(table).where(table.c.device_id == device_id, chunk))
        return None if last is None else TimeRange(Millis(last + 1), time_range.end)

    async def _purge_rows(self, table: Table, device_ids: Collection[int]) -> int:
        """Delete up to `ROWS_PER_PURGE` rows of these devices and return their number.

        Without any rows no write transaction begins.
        """
        key = tuple_(*table.primary_key.columns)
        of_devices = table.c.device_id.in_(device_ids)
        async with self._database.read(bulk=True) as connection:
            found = (await connection.execute(select(literal(1)).select_from(table).where(of_devices).limit(1))).first()
        if found is None:
            return 0
        async with self._database.write(bulk=True) as connection:
            chunk = select(*table.primary_key.columns).where(of_devices).limit(ROWS_PER_PURGE)
            return (await connection.execute(delete(table).where(key.in_(chunk)))).rowcount

    async def _sweep_rows(self, table: Table, swept_to: tuple[object, ...] | None) -> tuple[object, ...] | None:
        """Delete what has expired of the `ROWS_PER_SWEEP` rows after the key `swept_to`.

        Return the key of the last row looked at, None at the end of the table. Without expired rows no write
        transaction begins.
        """
        key = tuple_(*table.primary_key.columns)
        types = [column.type for column in table.primary_key.columns]
        rest = key > tuple_(*swept_to, types=types) if swept_to is not None else true()
        async with self._database.read(bulk=True) as connection:
            keys = select(*table.primary_key.columns).where(rest).order_by(*table.primary_key.columns)
            end = (await connection.execute(keys.offset(ROWS_PER_SWEEP - 1).limit(1))).one_or_none()
            chunk = rest if end is None else and_(rest, key <= tuple_(*end, types=types))
            expired = and_(chunk, ~self._alive(table.c.expires_us))
            found = (await connection.execute(select(literal(1)).select_from(table).where(expired).limit(1))).first()
        if found is not None:
            async with self._database.write(bulk=True) as connection:
                await connection.execute(delete(table).where(expired))
        return None if end is None else tuple(end)

    def _alive(self, expires_us: ColumnElement[int]) -> ColumnElement[bool]:
        return expires_us > self._now_us()

    def _now_us(self) -> Micros:
        return Micros(self._clock.now() * 1_000)


def _split(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Split records into parts of at most `ROWS_PER_FLUSH` values, or one record."""
    part: list[Record] = []
    rows = 0
    for record in records:
        if part and rows + len(record.values) > ROWS_PER_FLUSH:
            yield part
            part, rows = [], 0
        part.append(record)
        rows += len(record.values)
    if part:
        yield part


def _within(time: ColumnElement[int], time_range: TimeRange) -> ColumnElement[bool]:
    return and_(time >= time_range.start, time < time_range.end if time_range.end is not None else true())


def _keep_last_received(
    rows: dict[tuple[int, Millis], dict[str, object]], device_id: int, record: Record, expires: Micros
) -> None:
    held = rows.get((device_id, record.timestamp))
    if held is None or cast(int, held["received_us"]) <= record.received:
        rows[device_id, record.timestamp] = {
            "device_id": device_id,
            "time": record.timestamp,
            "metadata": record.metadata,
            "received_us": record.received,
            "expires_us": expires,
        }


async def _upsert_points(connection: AsyncConnection, rows: Sequence[_Point]) -> None:
    """Upsert points by the driver itself: SQLAlchemy's binding by name would cost more than all other work."""
    statement = _upsert_points_sql(connection.dialect)
    for chunk in _chunks(rows):
        await connection.exec_driver_sql(statement, list(chunk))


@lru_cache(maxsize=4)  # a process has one dialect, except in tests
def _upsert_points_sql(dialect: Dialect) -> str:
    compiled = _upsert_statement(dialect.name, points).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup == [column.name for column in points.columns]
    return str(compiled)


@cache  # building the statement takes longer than executing it
def _upsert_statement(dialect: str, table: Table) -> Insert:
    statement = insert(dialect, table)
    keys = [column.name for column in table.primary_key.columns]
    replaced = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(
        index_elements=keys, set_=replaced, where=table.c.received_us <= statement.excluded.received_us
    )


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        yield rows[start : start + ROWS_PER_STATEMENT]
