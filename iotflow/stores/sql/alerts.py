"""Alerts in the `alerts` table."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Update, and_, case, delete, func, or_, select, true, tuple_, update

from iotflow.clock import Clock
from iotflow.domain.alert_rules import Severity
from iotflow.domain.alerts import Alert, AlertFilter, AlertPosition, AlertStatus, AlertType
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.sql.alert_tables import alerts
from iotflow.stores.sql.database import Database, insert

ROWS_PER_CHUNK = 500
_IS_OPEN: Final = alerts.c.resolved_at.is_(None)


class SqlAlerts:
    """SQL implementation of `AlertRepository` and `RetentionSweeper`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_ms = retention_days * DAY_MS

    async def add(self, alert: Alert) -> None:
        row = {
            "id": alert.id,
            "rule_id": alert.rule_id,
            "device_id": alert.device_id,
            "user_id": alert.user_id,
            "alert_type": alert.alert_type.value,
            "severity": alert.severity.value,
            "status": alert.status.value,
            "message": alert.message,
            "details": alert.details,
            "count": alert.count,
            "created_at": alert.created_at,
            "updated_at": alert.updated_at,
            "acknowledged_at": alert.acknowledged_at,
            "acknowledged_by": alert.acknowledged_by,
            "resolved_at": alert.resolved_at,
            "fired_at": alert.fired_at,
        }
        repeat = (
            update(alerts)
            .where(alerts.c.rule_id == alert.rule_id, alerts.c.device_id == alert.device_id, _IS_OPEN)
            .values(count=alerts.c.count + 1, updated_at=alert.updated_at)
        )
        async with self._database.write() as connection:
            # Without a target the clause covers both keys: the id, and that of the open alert.
            added = insert(connection.dialect.name, alerts).values(row).on_conflict_do_nothing().returning(alerts.c.id)
            if (await connection.execute(added)).first() is not None:
                return
            if (await connection.execute(select(alerts.c.id).where(alerts.c.id == alert.id))).first() is None:
                await connection.execute(repeat)

    async def get(self, alert_id: UUID) -> Alert | None:
        async with self._database.read() as connection:
            found = await connection.execute(select(alerts).where(alerts.c.id == alert_id, self._not_expired()))
            row = found.one_or_none()
        return None if row is None else _alert_from_row(row)

    async def acknowledge(self, alert_id: UUID, user_id: UUID | None, at: Millis) -> bool:
        statement = (
            update(alerts)
            .where(alerts.c.id == alert_id, alerts.c.status == AlertStatus.ACTIVE.value)
            .values(status=AlertStatus.ACKNOWLEDGED.value, acknowledged_at=at, acknowledged_by=user_id, updated_at=at)
        )
        return await self._update(statement)

    async def resolve(self, alert_id: UUID, at: Millis) -> bool:
        return await self._update(_resolution(at).where(alerts.c.id == alert_id, _IS_OPEN))

    async def update_of_rule(
        self, rule_id: int, device_id: int, fired_at: Millis, count: int, at: Millis, status: AlertStatus | None = None
    ) -> None:
        statement = update(alerts) if status is None else _resolution(at)
        await self._update(
            statement.where(
                alerts.c.rule_id == rule_id, alerts.c.device_id == device_id, _IS_OPEN, alerts.c.fired_at <= fired_at
            ).values(count=case((alerts.c.count < count, count), else_=alerts.c.count), updated_at=at)
        )

    async def open_of_device(self, device_id: int, rule_ids: Collection[int]) -> list[Alert]:
        statement = select(alerts).where(alerts.c.rule_id.in_(rule_ids), alerts.c.device_id == device_id, _IS_OPEN)
        async with self._database.read() as connection:
            return [_alert_from_row(row) for row in await connection.execute(statement)]

    async def resolve_chunk(self, rule_id: int, at: Millis) -> bool:
        chosen = select(alerts.c.id).where(alerts.c.rule_id == rule_id, _IS_OPEN).limit(ROWS_PER_CHUNK)
        async with self._database.write() as connection:
            ids = list((await connection.execute(chosen)).scalars())
            if ids:
                await connection.execute(_resolution(at).where(alerts.c.id.in_(ids), _IS_OPEN))
        return len(ids) == ROWS_PER_CHUNK

    async def page(self, where: AlertFilter, limit: int, after: AlertPosition | None) -> list[Alert]:
        order = (alerts.c.created_at, alerts.c.id)
        beyond: ColumnElement[bool] = true()
        if after is not None:
            beyond = tuple_(*order) < tuple_(after.created_at, after.id, types=[column.type for column in order])
        statement = (
            select(alerts)
            .where(_matches(where), self._not_expired(), beyond)
            .order_by(*(column.desc() for column in order))
            .limit(limit)
        )
        async with self._database.read(bulk=True) as connection:
            return [_alert_from_row(row) for row in await connection.execute(statement)]

    async def count_by_severity(self, user_id: UUID, time_range: TimeRange) -> dict[Severity, int]:
        end = true() if time_range.end is None else alerts.c.created_at < time_range.end
        statement = (
            select(alerts.c.severity, func.count())
            .where(alerts.c.user_id == user_id, alerts.c.created_at >= time_range.start, end, self._not_expired())
            .group_by(alerts.c.severity)
        )
        async with self._database.read(bulk=True) as connection:
            stored = {Severity(severity): count for severity, count in await connection.execute(statement)}
        return {severity: stored.get(severity, 0) for severity in Severity}

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        return await self._delete_chunk(
            select(alerts.c.id).where(alerts.c.device_id.in_(device_ids)).limit(ROWS_PER_CHUNK)
        )

    async def delete_expired_chunk(self) -> bool:
        expired = alerts.c.resolved_at <= self._clock.now() - self._retention_ms
        if not self._retention_ms:
            return False
        return await self._delete_chunk(
            select(alerts.c.id).where(expired).order_by(alerts.c.resolved_at).limit(ROWS_PER_CHUNK)
        )

    async def _update(self, statement: Update) -> bool:
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount > 0

    async def _delete_chunk(self, chosen: Select[tuple[UUID]]) -> bool:
        async with self._database.read(bulk=True) as connection:
            ids = list((await connection.execute(chosen)).scalars())
        if ids:
            async with self._database.write(bulk=True) as connection:
                await connection.execute(delete(alerts).where(alerts.c.id.in_(ids)))
        return len(ids) == ROWS_PER_CHUNK

    def _not_expired(self) -> ColumnElement[bool]:
        if not self._retention_ms:
            return true()
        return or_(_IS_OPEN, alerts.c.resolved_at > self._clock.now() - self._retention_ms)


def _resolution(at: Millis) -> Update:
    return update(alerts).values(status=AlertStatus.RESOLVED.value, resolved_at=at, updated_at=at)


def _matches(where: AlertFilter) -> ColumnElement[bool]:
    columns = {
        alerts.c.user_id: where.user_id,
        alerts.c.device_id: where.device_id,
        alerts.c.status: where.status,
        alerts.c.severity: where.severity,
        alerts.c.alert_type: where.alert_type,
    }
    return and_(true(), *(column == value for column, value in columns.items() if value is not None))


def _alert_from_row(row: Row[*tuple[Any, ...]]) -> Alert:  # Any: the columns' types are those of the table
    return Alert(
        id=row.id,
        rule_id=row.rule_id,
        device_id=row.device_id,
        user_id=row.user_id,
        alert_type=AlertType(row.alert_type),
        severity=Severity(row.severity),
        status=AlertStatus(row.status),
        message=row.message,
        details=row.details,
        count=row._mapping["count"],  # `Row.count` is a method of tuples
        created_at=row.created_at,
        updated_at=row.updated_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        fired_at=row.fired_at,
    )
