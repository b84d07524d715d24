"""Telemetry in the `telemetry_points` and `telemetry_metadata` tables."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any, Final, TypeVar, cast

from sqlalchemy import (
    CTE,
    ColumnElement,
    Dialect,
    Insert,
    Row,
    Table,
    and_,
    delete,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.telemetry import LatestValue, LatestValues, PageLimit, Record, RecordPage, expiry
from iotflow.domain.times import Micros, Millis, Span
from iotflow.group_commit import GroupCommit
from iotflow.stores.sql.aggregates import Windows, aggregated
from iotflow.stores.sql.dialect import Database, insert, retried
from iotflow.stores.sql.records import newest_times, read_records
from iotflow.stores.sql.tables import points, record_metadata
from iotflow.stores.sql.values import columns_of, value_of

NEVER = Micros(2**63 - 1)
"""When data without a retention expires."""

ROWS_PER_STATEMENT = 500
ROWS_PER_FLUSH = 5_000
ROWS_WAITING = 200_000
WRITE_DEADLINE_S = 10.0
ROWS_PER_DELETION = 5_000
ROWS_PER_SWEEP = 1_000
ROWS_PER_PURGE = 2_000

T = TypeVar("T")

Key = tuple[int, Millis, str]
_Point = tuple[int, Millis, str, bool | None, int | None, float | None, str | None, Micros, Micros]
"""A row of `points`, its columns in their order."""
_RECEIVED: Final = 7

_TABLES = (points, record_metadata)


@dataclass(frozen=True, slots=True)
class _Write:
    device_id: int
    records: Sequence[Record]


class SqlTelemetry:
    """Plays `TelemetryRepository` and `Sweeper`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_days = retention_days
        self._sweeping = 0
        self._swept_to: tuple[object, ...] | None = None
        self._commits = GroupCommit(
            self._flush,
            store="telemetry",
            group_weight=ROWS_PER_FLUSH,
            waiting_weight=ROWS_WAITING,
            deadline_s=WRITE_DEADLINE_S,
        )

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        # In parts: a flush holds up the event loop while it is put together, and has a deadline.
        for part in _parts(records):
            await self._commits.submit(_Write(device_id, part), sum(len(record.values) for record in part))

    async def close(self) -> None:
        """Wait for the writes that were submitted."""
        await self._commits.close()

    async def names(self, device_id: int) -> frozenset[str]:
        catalogue = _catalogue(device_id)
        async with self._database.read() as connection:
            return frozenset(
                (await connection.execute(select(catalogue.c.name).where(catalogue.c.name.is_not(None)))).scalars()
            )

    async def latest(self, device_id: int) -> LatestValues:
        catalogue = _catalogue(device_id)
        newest = (
            select(points.c.time)
            .where(points.c.device_id == device_id, points.c.name == catalogue.c.name, self._alive(points.c.expires_us))
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
        async with self._database.read() as connection:
            return {row.name: _latest(row) for row in await connection.execute(statement)}

    async def records(
        self,
        device_id: int,
        span: Span,
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
                span,
                alive_at=self._now_us(),
                descending=descending,
                limit=limit,
                after=after,
                names=names,
            )

    async def newest_times(self, device_ids: Sequence[int], span: Span) -> Mapping[int, Millis]:
        async with self._database.read(bulk=True) as connection:
            return await newest_times(connection, device_ids, span, alive_at=self._now_us())

    async def aggregate(
        self, device_id: int, name: str, span: Span, aggregation: Aggregation, *, width_ms: int, offset_ms: int
    ) -> list[Bucket]:
        chosen = and_(
            points.c.device_id == device_id,
            points.c.name == name,
            _within(points.c.time, span),
            self._alive(points.c.expires_us),
        )
        async with self._database.read(bulk=True) as connection:
            return await aggregated(connection, chosen, Windows(width_ms, offset_ms), aggregation)

    async def delete(self, device_id: int, span: Span) -> None:
        # In chunks: one transaction over a year of records would keep writers waiting, and outlast its own deadline.
        rest: Span | None = span
        while rest is not None:
            rest = await retried(partial(self._delete_chunk, device_id, rest))

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        for table in _TABLES:
            if await retried(partial(self._purge_rows, table, device_ids)) == ROWS_PER_PURGE:
                return list(device_ids)
        return []

    async def sweep_chunk(self) -> bool:
        """Look at the next rows in the order of their key, of one table after the other."""
        self._swept_to = await self._sweep_rows(_TABLES[self._sweeping], self._swept_to)
        if self._swept_to is None:
            self._sweeping = (self._sweeping + 1) % len(_TABLES)
        return self._swept_to is not None or self._sweeping != 0

    async def _flush(self, writes: Sequence[_Write]) -> None:
        values: dict[Key, _Point] = {}
        metadata: dict[tuple[int, Millis], dict[str, object]] = {}
        for write in writes:
            for record in write.records:
                expires = expiry(record.received, self._retention_days) or NEVER
                for name, value in record.values.items():
                    key = (write.device_id, record.timestamp, name)
                    held = values.get(key)
                    # Of several writes of one key in one flush only the last received is sent.
                    if held is None or held[_RECEIVED] <= record.received:
                        values[key] = (*key, *columns_of(value), record.received, expires)
                if record.metadata is not None:
                    _keep_later(metadata, write.device_id, record, expires)
        # In the order of their keys: two workers that write the same ones then never wait for each other.
        rows = [values[key] for key in sorted(values)]
        records = [metadata[key] for key in sorted(metadata)]

        async def upsert() -> None:
            async with self._database.write(bulk=len(rows) > ROWS_PER_STATEMENT) as connection:
                await _upsert_points(connection, rows)
                for chunk in _chunks(records):
                    await connection.execute(_upsert_statement(connection.dialect.name, record_metadata), chunk)

        await retried(upsert)

    async def _delete_chunk(self, device_id: int, span: Span) -> Span | None:
        """Remove the first records of the span, in one transaction; the rest of the span, None where there is none."""
        async with self._database.write(bulk=True) as connection:
            times = select(points.c.time).where(points.c.device_id == device_id, _within(points.c.time, span))
            last = await connection.scalar(times.order_by(points.c.time).offset(ROWS_PER_DELETION - 1).limit(1))
            end = span.end if last is None else Millis(last + 1)
            for table in _TABLES:
                chunk = _within(table.c.time, Span(span.start, end))
                await connection.execute(delete(table).where(table.c.device_id == device_id, chunk))
        return None if last is None else Span(Millis(last + 1), span.end)

    async def _purge_rows(self, table: Table, device_ids: Collection[int]) -> int:
        """Remove up to `ROWS_PER_PURGE` rows of these devices; how many. A writer is used only where there are any."""
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
        """Remove what has expired of the rows that follow; the key of the last of them, None at the end of the table.

        A writer is used only where something has expired.
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


def _parts(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records in parts of at most `ROWS_PER_FLUSH` values, or one record."""
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


def _catalogue(device_id: int) -> CTE:
    """The device's names by a loose index scan: one probe of the index a name, however many points there are."""
    mine = points.c.device_id == device_id
    names = select(func.min(points.c.name).label("name")).where(mine).cte("catalogue", recursive=True)
    following = (
        select(func.min(points.c.name)).where(mine, points.c.name > names.c.name).correlate(names).scalar_subquery()
    )
    return names.union_all(select(following).where(names.c.name.is_not(None)))


def _within(time: ColumnElement[int], span: Span) -> ColumnElement[bool]:
    return and_(time >= span.start, time < span.end if span.end is not None else true())


def _keep_later(
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
    """Store points by the driver itself: to bind them one by one, by name, costs SQLAlchemy more than all the rest."""
    statement = _points_sql(connection.dialect)
    for chunk in _chunks(rows):
        await connection.exec_driver_sql(statement, list(chunk))


@lru_cache(maxsize=4)  # a process has one dialect, but for tests
def _points_sql(dialect: Dialect) -> str:
    compiled = _upsert_statement(dialect.name, points).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup == [column.name for column in points.columns]
    return str(compiled)


@cache  # to build it takes longer than to execute it
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


def _latest(row: Row[*tuple[Any, ...]]) -> LatestValue:
    expires = None if row.expires_us == NEVER else row.expires_us
    value = value_of(row.bool_value, row.int_value, row.float_value, row.text_value)
    return LatestValue(value, row.time, row.received_us, expires)
