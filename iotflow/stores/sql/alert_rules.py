"""Alert rules in the `alert_rules` table."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.alert_rules import AlertRule, AlertRuleChange, Condition, DeviceRules, NewAlertRule, Severity
from iotflow.domain.errors import NotFound
from iotflow.domain.times import Millis
from iotflow.stores.sql.accounts import has_more_than, lock_owner, owner_not_deleted
from iotflow.stores.sql.alert_tables import alert_rule_notifications, alert_rules, webhooks
from iotflow.stores.sql.database import insert
from iotflow.stores.sql.tables import devices, memberships

_NOT_DELETED = owner_not_deleted(alert_rules)
_NOTIFICATION_FIELDS = ("webhook_url", "email")
_RULE = (
    select(
        alert_rules,
        alert_rule_notifications.c.webhook_id,
        alert_rule_notifications.c.email,
        webhooks.c.url.label("webhook_url"),
    )
    .outerjoin(alert_rule_notifications, alert_rule_notifications.c.rule_id == alert_rules.c.id)
    .outerjoin(webhooks, webhooks.c.id == alert_rule_notifications.c.webhook_id)
)


class SqlAlertRules:
    """SQL implementation of `AlertRuleRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user_id: UUID, rule: NewAlertRule, at: Millis) -> AlertRule:
        await lock_owner(self._connection, user_id)
        values = {
            "user_id": user_id,
            "device_id": rule.device_id,
            "group_id": rule.group_id,
            "name": rule.name,
            "severity": rule.severity.value,
            "condition": msgspec.to_builtins(rule.condition),
            "for_seconds": rule.for_seconds,
            "cooldown_seconds": rule.cooldown_seconds,
            "enabled": rule.enabled,
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }
        try:
            added = await self._connection.execute(alert_rules.insert().values(values).returning(alert_rules.c.id))
        except IntegrityError as error:
            raise NotFound("the device or group of the rule does not exist") from error
        rule_id: int = added.scalar_one()
        if rule.webhook_url is not None or rule.email:
            await self._set_notifications(rule_id, {"webhook_url": rule.webhook_url, "email": rule.email})
        return await self._stored(rule_id)

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        return await has_more_than(self._connection, alert_rules, number, user_id)

    async def count_of_target(self, rule: NewAlertRule) -> int:
        target = alert_rules.c.group_id == rule.group_id
        if rule.device_id is not None:
            target = alert_rules.c.device_id == rule.device_id
        return await self._connection.scalar(select(func.count()).select_from(alert_rules).where(target)) or 0

    async def get(self, rule_id: int) -> AlertRule | None:
        statement = _RULE.where(alert_rules.c.id == rule_id, _NOT_DELETED)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else _rule_from_row(row)

    async def lock(self, rule_id: int) -> AlertRule | None:
        await self._connection.execute(select(alert_rules.c.id).where(alert_rules.c.id == rule_id).with_for_update())
        return await self.get(rule_id)

    async def update(self, rule_id: int, change: AlertRuleChange, at: Millis) -> AlertRule:
        fields = msgspec.to_builtins(change)
        notifications = {name: fields.pop(name) for name in _NOTIFICATION_FIELDS if name in fields}
        values = {**fields, "version": alert_rules.c.version + 1, "updated_at": at}
        statement = update(alert_rules).where(alert_rules.c.id == rule_id).values(values)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(f"there is no alert rule {rule_id}")
        if notifications:
            await self._set_notifications(rule_id, notifications)
        return await self._stored(rule_id)

    async def delete(self, rule_id: int) -> None:
        result = await self._connection.execute(delete(alert_rules).where(alert_rules.c.id == rule_id))
        if result.rowcount == 0:
            raise NotFound(f"there is no alert rule {rule_id}")

    async def page(
        self, user_id: UUID | None, device_id: int | None, group_id: int | None, limit: int, offset: int
    ) -> tuple[list[AlertRule], int]:
        matches = and_(
            _equals(alert_rules.c.user_id, user_id),
            _equals(alert_rules.c.device_id, device_id),
            _equals(alert_rules.c.group_id, group_id),
            _NOT_DELETED,
        )
        statement = _RULE.where(matches).order_by(alert_rules.c.id).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        total = await self._connection.scalar(select(func.count()).select_from(alert_rules).where(matches))
        return [_rule_from_row(row) for row in rows], total or 0

    async def of_device(self, device_id: int, limit: int) -> DeviceRules | None:
        owner = await self._connection.scalar(select(devices.c.user_id).where(devices.c.id == device_id))
        if owner is None:
            return None
        joined = select(memberships.c.group_id).where(memberships.c.device_id == device_id)
        covers = or_(alert_rules.c.device_id == device_id, alert_rules.c.group_id.in_(joined))
        statement = _RULE.where(covers, alert_rules.c.enabled).order_by(alert_rules.c.id).limit(limit)
        rows = (await self._connection.execute(statement)).all()
        return DeviceRules(owner, tuple(_rule_from_row(row) for row in rows))

    async def _stored(self, rule_id: int) -> AlertRule:
        return _rule_from_row((await self._connection.execute(_RULE.where(alert_rules.c.id == rule_id))).one())

    async def _set_notifications(self, rule_id: int, fields: Mapping[str, object]) -> None:
        values = {name: fields[name] for name in ("email",) if name in fields}
        if "webhook_url" in fields:
            owner = select(alert_rules.c.user_id).where(alert_rules.c.id == rule_id).scalar_subquery()
            of_owner = (webhooks.c.user_id == owner) & (webhooks.c.url == fields["webhook_url"])
            values["webhook_id"] = await self._connection.scalar(select(webhooks.c.id).where(of_owner))
        row = {"rule_id": rule_id, "webhook_id": None, "email": False, **values}
        statement = insert(self._connection.dialect.name, alert_rule_notifications).values(row)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["rule_id"], set_=values))


def _equals(column: ColumnElement[Any], value: UUID | int | None) -> ColumnElement[bool]:  # Any: the column's type
    return true() if value is None else column == value


def _rule_from_row(row: Row[*tuple[Any, ...]]) -> AlertRule:  # Any: the columns' types are those of the table
    condition: Condition = msgspec.convert(row.condition, type=Condition)
    return AlertRule(
        id=row.id,
        user_id=row.user_id,
        device_id=row.device_id,
        group_id=row.group_id,
        name=row.name,
        severity=Severity(row.severity),
        condition=condition,
        for_seconds=row.for_seconds,
        cooldown_seconds=row.cooldown_seconds,
        enabled=row.enabled,
        webhook_url=row.webhook_url,
        email=bool(row.email),
        webhook_id=row.webhook_id,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
