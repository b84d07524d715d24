"""Webhooks in the `webhooks` table."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import Webhook, WebhookChange, WebhookTemplate, host_of
from iotflow.stores.sql.accounts import has_more_than, lock_owner, owner_not_deleted
from iotflow.stores.sql.alert_tables import webhooks

_NOT_DELETED = owner_not_deleted(webhooks)


class SqlWebhooks:
    """SQL implementation of `WebhookRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user_id: UUID, url: str, template: WebhookTemplate, secret: str, at: Millis) -> Webhook:
        await lock_owner(self._connection, user_id)
        values = {
            "user_id": user_id,
            "url": url,
            "host": host_of(url),
            "template": template.value,
            "secret": secret,
            "created_at": at,
            "updated_at": at,
        }
        try:
            added = await self._connection.execute(webhooks.insert().values(values).returning(*webhooks.c))
        except IntegrityError as error:
            raise _taken() from error
        return webhook_from_row(added.one())

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        return await has_more_than(self._connection, webhooks, number, user_id)

    async def get(self, webhook_id: int) -> Webhook | None:
        statement = select(webhooks).where(webhooks.c.id == webhook_id, _NOT_DELETED)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else webhook_from_row(row)

    async def find(self, user_id: UUID, url: str) -> Webhook | None:
        statement = select(webhooks).where(webhooks.c.user_id == user_id, webhooks.c.url == url)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else webhook_from_row(row)

    async def update(self, webhook_id: int, change: WebhookChange, at: Millis) -> Webhook:
        values: dict[str, object] = {**change, "updated_at": at}
        if "url" in change:
            values["host"] = host_of(change["url"])
        statement = update(webhooks).where(webhooks.c.id == webhook_id).values(values).returning(*webhooks.c)
        try:
            row = (await self._connection.execute(statement)).one_or_none()
        except IntegrityError as error:
            raise _taken() from error
        if row is None:
            raise NotFound(f"there is no webhook {webhook_id}")
        return webhook_from_row(row)

    async def delete(self, webhook_id: int) -> None:
        result = await self._connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
        if result.rowcount == 0:
            raise NotFound(f"there is no webhook {webhook_id}")

    async def page(self, user_id: UUID | None, limit: int, offset: int) -> tuple[list[Webhook], int]:
        matches = (true() if user_id is None else webhooks.c.user_id == user_id) & _NOT_DELETED
        statement = select(webhooks).where(matches).order_by(webhooks.c.id).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        total = await self._connection.scalar(select(func.count()).select_from(webhooks).where(matches))
        return [webhook_from_row(row) for row in rows], total or 0


def webhook_from_row(row: Row[*tuple[Any, ...]]) -> Webhook:  # Any: the columns' types are those of the table
    """Return the webhook of a row of the table."""
    return Webhook(
        id=row.id,
        user_id=row.user_id,
        url=row.url,
        template=WebhookTemplate(row.template),
        secret=row.secret,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _taken() -> Conflict:
    return Conflict("the account has a webhook with this URL already")
