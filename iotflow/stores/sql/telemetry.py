"""Telemetry in the `telemetry_points` and `telemetry_metadata` tables."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any, cast

from sqlalchemy import CTE, ColumnElement, Executable, Row, Table, and_, delete, func, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.telemetry import LatestValue, LatestValues, Record, StoredRecord, expiry
from iotflow.domain.times import Micros, Millis, Span
from iotflow.group_commit import GroupCommit
from iotflow.stores.sql.aggregates import Windows, aggregated
from iotflow.stores.sql.dialect import Database, insert, retried
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

Key = tuple[int, Millis] | tuple[int, Millis, str]

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
        limit: int,
        after: Millis | None = None,
        names: Collection[str] | None = None,
    ) -> list[StoredRecord]:
        wanted = and_(
            points.c.device_id == device_id,
            self._alive(points.c.expires_us),
            points.c.name.in_(names) if names is not None else true(),
        )
        order = points.c.time.desc() if descending else points.c.time.asc()
        times = (
            select(points.c.time)
            .distinct()
            .where(wanted, _within(points.c.time, span), _beyond(points.c.time, after, descending))
            .order_by(order)
            .limit(limit)
        )
        async with self._database.read(bulk=True) as connection:
            chosen = list((await connection.execute(times)).scalars())
            if not chosen:
                return []
            first, last = min(chosen), max(chosen)
            statement = select(points).where(wanted, points.c.time.between(first, last)).order_by(order)
            rows = (await connection.execute(statement)).all()
            metadata = await connection.execute(
                select(record_metadata).where(
                    record_metadata.c.device_id == device_id,
                    record_metadata.c.time.between(first, last),
                    self._alive(record_metadata.c.expires_us),
                )
            )
            by_time = {row.time: row for row in metadata}
        return [_stored(time, list(group), by_time.get(time)) for time, group in groupby(rows, lambda row: row.time)]

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

    async def purge(self, device_id: int) -> None:
        await self.delete(device_id, Span(Millis(0), None))

    async def sweep_chunk(self) -> bool:
        """Look at the next rows in the order of their key, of one table after the other."""
        self._swept_to = await self._sweep_rows(_TABLES[self._sweeping], self._swept_to)
        if self._swept_to is None:
            self._sweeping = (self._sweeping + 1) % len(_TABLES)
        return self._swept_to is not None or self._sweeping != 0

    async def _flush(self, writes: Sequence[_Write]) -> None:
        values: dict[Key, dict[str, object]] = {}
        metadata: dict[Key, dict[str, object]] = {}
        for write in writes:
            for record in write.records:
                common = {
                    "device_id": write.device_id,
                    "time": record.timestamp,
                    "received_us": record.received,
                    "expires_us": expiry(record.received, self._retention_days) or NEVER,
                }
                key = (write.device_id, record.timestamp)
                for name, value in record.values.items():
                    _keep_later(values, (*key, name), {**common, "name": name, **columns_of(value)}, record.received)
                if record.metadata is not None:
                    _keep_later(metadata, key, {**common, "metadata": record.metadata}, record.received)
        # In the order of their keys: two workers that write the same ones then never wait for each other.
        rows = [values[key] for key in sorted(values)]
        records = [metadata[key] for key in sorted(metadata)]

        async def upsert() -> None:
            async with self._database.write(bulk=len(rows) > ROWS_PER_STATEMENT) as connection:
                await _upsert(connection, points, rows)
                await _upsert(connection, record_metadata, records)

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
        return expires_us > self._clock.now() * 1_000


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


def _beyond(time: ColumnElement[int], after: Millis | None, descending: bool) -> ColumnElement[bool]:
    if after is None:
        return true()
    return time < after if descending else time > after


def _keep_later(rows: dict[Key, dict[str, object]], key: Key, row: dict[str, object], received: Micros) -> None:
    """Of several writes of one key in one flush only the last received is sent."""
    held = rows.get(key)
    if held is None or cast(int, held["received_us"]) <= received:
        rows[key] = row


async def _upsert(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    statement = _upsert_statement(connection.dialect.name, table)
    for chunk in _chunks(rows, ROWS_PER_STATEMENT):
        await connection.execute(statement, chunk)


@cache  # to build it takes longer than to execute it
def _upsert_statement(dialect: str, table: Table) -> Executable:
    statement = insert(dialect, table)
    keys = [column.name for column in table.primary_key.columns]
    replaced = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(
        index_elements=keys, set_=replaced, where=table.c.received_us <= statement.excluded.received_us
    )


def _chunks(rows: Sequence[dict[str, object]], size: int) -> Iterator[Sequence[dict[str, object]]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _stored(
    time: Millis, rows: Sequence[Row[*tuple[Any, ...]]], metadata: Row[*tuple[Any, ...]] | None
) -> StoredRecord:
    return StoredRecord(
        timestamp=time,
        values={row.name: value_of(row) for row in rows},
        received={row.name: row.received_us for row in rows},
        metadata=None if metadata is None else metadata.metadata,
        metadata_received=None if metadata is None else metadata.received_us,
    )


def _latest(row: Row[*tuple[Any, ...]]) -> LatestValue:
    expires = None if row.expires_us == NEVER else row.expires_us
    return LatestValue(value_of(row), row.time, row.received_us, expires)
