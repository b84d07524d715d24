"""Reports in the `reports` table."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, true, tuple_

from iotflow.clock import Clock
from iotflow.domain.json import JsonObject
from iotflow.domain.reports import Report, ReportPosition, ReportStatus, ReportType
from iotflow.domain.times import DAY_MS
from iotflow.stores.sql.database import Database, insert
from iotflow.stores.sql.report_tables import reports

ROWS_PER_CHUNK = 100
_ORDER = (reports.c.created_at, reports.c.id)
_WITHOUT_RESULT = [column for column in reports.c if column is not reports.c.result]


class SqlReports:
    """SQL implementation of `ReportRepository` and `RetentionSweeper`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_ms = retention_days * DAY_MS

    async def add(self, report: Report) -> None:
        async with self._database.write() as connection:
            statement = insert(connection.dialect.name, reports).values(_row(report))
            await connection.execute(statement.on_conflict_do_nothing())

    async def save(self, report: Report) -> None:
        row = _row(report)
        async with self._database.write() as connection:
            statement = insert(connection.dialect.name, reports).values(row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))

    async def get(self, report_id: UUID) -> Report | None:
        statement = select(reports).where(reports.c.id == report_id, self._not_expired())
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _report(row, row.result)

    async def page(self, user_id: UUID | None, limit: int, after: ReportPosition | None) -> list[Report]:
        beyond: ColumnElement[bool] = true()
        if after is not None:
            beyond = tuple_(*_ORDER) < tuple_(after.created_at, after.id, types=[column.type for column in _ORDER])
        own = true() if user_id is None else reports.c.user_id == user_id
        statement = (
            select(*_WITHOUT_RESULT)
            .where(own, beyond, self._not_expired())
            .order_by(*(column.desc() for column in _ORDER))
            .limit(limit)
        )
        async with self._database.read(bulk=True) as connection:
            return [_report(row, None) for row in await connection.execute(statement)]

    async def count_pending(self, user_id: UUID) -> int:
        pending = reports.c.status == ReportStatus.PENDING.value
        statement = select(func.count()).select_from(reports).where(reports.c.user_id == user_id, pending)
        async with self._database.read() as connection:
            return await connection.scalar(statement) or 0

    async def trim(self, user_id: UUID, keep: int) -> None:
        older = select(reports.c.id).where(reports.c.user_id == user_id)
        older = older.order_by(*(column.desc() for column in _ORDER))
        while await self._delete_chunk(older.offset(keep).limit(ROWS_PER_CHUNK)):
            pass

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        chosen = select(reports.c.id).where(reports.c.device_id.in_(device_ids)).limit(ROWS_PER_CHUNK)
        return await self._delete_chunk(chosen)

    async def delete_expired_chunk(self) -> bool:
        if not self._retention_ms:
            return False
        chosen = select(reports.c.id).where(~self._not_expired()).order_by(reports.c.created_at).limit(ROWS_PER_CHUNK)
        return await self._delete_chunk(chosen)

    async def _delete_chunk(self, chosen: Select[tuple[UUID]]) -> bool:
        async with self._database.read(bulk=True) as connection:
            ids = list((await connection.execute(chosen)).scalars())
        if ids:
            async with self._database.write(bulk=True) as connection:
                await connection.execute(delete(reports).where(reports.c.id.in_(ids)))
        return len(ids) == ROWS_PER_CHUNK

    def _not_expired(self) -> ColumnElement[bool]:
        return reports.c.created_at > self._clock.now() - self._retention_ms if self._retention_ms else true()


def _row(report: Report) -> dict[str, object]:
    return {
        "id": report.id,
        "user_id": report.user_id,
        "report_type": report.report_type.value,
        "device_id": report.device_id,
        "group_id": report.group_id,
        "start_time": report.start_time,
        "end_time": report.end_time,
        "status": report.status.value,
        "created_at": report.created_at,
        "completed_at": report.completed_at,
        "error": report.error,
        "result": report.result,
    }


def _report(row: Row[*tuple[Any, ...]], result: JsonObject | None) -> Report:  # Any: each column's own type
    return Report(
        id=row.id,
        user_id=row.user_id,
        report_type=ReportType(row.report_type),
        device_id=row.device_id,
        group_id=row.group_id,
        start_time=row.start_time,
        end_time=row.end_time,
        status=ReportStatus(row.status),
        created_at=row.created_at,
        completed_at=row.completed_at,
        error=row.error,
        result=result,
    )
