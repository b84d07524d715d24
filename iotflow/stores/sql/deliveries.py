"""The queue of deliveries in the `deliveries` table. `due_at` is null once a delivery is finished."""

from collections.abc import Collection
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Uuid,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.times import Millis
from iotflow.domain.webhooks import AlertChange, Delivery, DeliveryStatus, NewDelivery
from iotflow.repositories.webhooks import ClaimedDelivery, DueAccounts
from iotflow.stores.sql.accounts import lock_owner
from iotflow.stores.sql.alert_tables import alert_rules, deliveries, webhooks
from iotflow.stores.sql.database import evaluated_once, insert
from iotflow.stores.sql.tables import users
from iotflow.stores.sql.webhooks import webhook_from_row

ACCOUNTS_PER_SCAN = 1_000
ROWS_PER_TRIM = 100
_FIRST: Final = UUID(int=0)


class SqlDeliveries:
    """SQL implementation of `DeliveryRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, delivery: NewDelivery) -> bool:
        await lock_owner(self._connection, delivery.user_id)
        # FOR UPDATE: without a lock, a concurrent deletion would fail the insertion on PostgreSQL.
        for table, row_id in ((alert_rules, delivery.rule_id), (webhooks, delivery.webhook_id)):
            found = select(table.c.id).where(table.c.id == row_id).with_for_update(key_share=True)
            if (await self._connection.execute(found)).first() is None:
                return False
        row = {
            "id": delivery.id,
            "user_id": delivery.user_id,
            "webhook_id": delivery.webhook_id,
            "rule_id": delivery.rule_id,
            "alert_id": delivery.alert_id,
            "change": delivery.change.value,
            "alert": delivery.alert,
            "status": DeliveryStatus.WAITING.value,
            "created_at": delivery.created_at,
            "due_at": delivery.created_at,
            "attempts": 0,
        }
        statement = insert(self._connection.dialect.name, deliveries).values(row).on_conflict_do_nothing()
        return (await self._connection.execute(statement.returning(deliveries.c.id))).first() is not None

    async def has_more_waiting_than(self, number: int, user_id: UUID) -> bool:
        waiting = (deliveries.c.user_id == user_id) & deliveries.c.due_at.is_not(None)
        next_one = select(literal(1)).where(waiting).offset(number).limit(1)
        return (await self._connection.execute(next_one)).first() is not None

    async def due_accounts(self, now: Millis, after: UUID | None) -> DueAccounts:
        scan = {"after": after or _FIRST, "now": now, "scanned": ACCOUNTS_PER_SCAN}
        rows = (await self._connection.execute(_accounts_query(), scan)).all()
        due = [row.user_id for row in rows if row.is_due]
        return DueAccounts(due, rows[-1].user_id if len(rows) == ACCOUNTS_PER_SCAN else None)

    async def claim(
        self,
        user_id: UUID,
        except_webhooks: Collection[int],
        except_hosts: Collection[str],
        now: Millis,
        lease_ms: int,
    ) -> ClaimedDelivery | None:
        # The first delivery of each webhook, by one probe of an index: a long queue of a busy webhook costs nothing.
        head = select(deliveries.c.id).where(deliveries.c.webhook_id == webhooks.c.id, deliveries.c.due_at <= now)
        head = head.order_by(deliveries.c.due_at).limit(1).correlate(webhooks)
        heads = select(head.scalar_subquery()).where(
            webhooks.c.user_id == user_id, webhooks.c.id.not_in(except_webhooks), webhooks.c.host.not_in(except_hosts)
        )
        due = (
            select(deliveries.c.id)
            .where(deliveries.c.id.in_(heads), deliveries.c.due_at <= now)
            .order_by(deliveries.c.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(deliveries)
            .where(deliveries.c.id.in_(evaluated_once(due)))
            .values(due_at=now + lease_ms, attempts=deliveries.c.attempts + 1)
            .returning(*deliveries.c)
        )
        row = (await self._connection.execute(claimed)).one_or_none()
        if row is None:
            return None
        webhook = (await self._connection.execute(select(webhooks).where(webhooks.c.id == row.webhook_id))).one()
        return ClaimedDelivery(_delivery_from_row(row), webhook_from_row(webhook))

    async def finish(
        self, delivery_id: UUID, status: DeliveryStatus, at: Millis, response_status: int | None, error: str | None
    ) -> None:
        values = {"status": status.value, "due_at": None, "finished_at": at}
        await self._update(delivery_id, {**values, "response_status": response_status, "error": error})

    async def retry(self, delivery_id: UUID, due_at: Millis, response_status: int | None, error: str | None) -> None:
        await self._update(delivery_id, {"due_at": due_at, "response_status": response_status, "error": error})

    async def trim(self, user_id: UUID, keep: int) -> None:
        finished = (deliveries.c.user_id == user_id) & deliveries.c.finished_at.is_not(None)
        newest_first = select(deliveries.c.id).where(finished).order_by(deliveries.c.finished_at.desc())
        oldest = newest_first.limit(ROWS_PER_TRIM).offset(keep)
        await self._connection.execute(delete(deliveries).where(deliveries.c.id.in_(evaluated_once(oldest))))

    async def get(self, delivery_id: UUID) -> Delivery | None:
        row = (await self._connection.execute(select(deliveries).where(deliveries.c.id == delivery_id))).one_or_none()
        return None if row is None else _delivery_from_row(row)

    async def replay(self, delivery_id: UUID, at: Millis) -> bool:
        values = {"status": DeliveryStatus.WAITING.value, "due_at": at, "attempts": 0, "finished_at": None}
        finished = (deliveries.c.id == delivery_id) & deliveries.c.due_at.is_(None)
        return (await self._connection.execute(update(deliveries).where(finished).values(values))).rowcount > 0

    async def page(
        self, webhook_id: int, status: DeliveryStatus | None, limit: int, offset: int
    ) -> tuple[list[Delivery], int]:
        has_status = true() if status is None else deliveries.c.status == status.value
        matches = and_(deliveries.c.webhook_id == webhook_id, has_status)
        order = (deliveries.c.created_at.desc(), deliveries.c.id.desc())
        statement = select(deliveries).where(matches).order_by(*order).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        total = await self._connection.scalar(select(func.count()).select_from(deliveries).where(matches))
        return [_delivery_from_row(row) for row in rows], total or 0

    async def delete_finished_before(self, at: Millis, limit: int) -> int:
        old = select(deliveries.c.id).where(deliveries.c.finished_at < at).limit(limit)
        chosen = evaluated_once(old.with_for_update(skip_locked=True))
        removed = delete(deliveries).where(deliveries.c.id.in_(chosen)).returning(deliveries.c.id)
        return len((await self._connection.execute(removed)).all())

    async def clamp_due_at(self, latest: Millis, to: Millis) -> None:
        ahead = select(deliveries.c.id).where(deliveries.c.due_at > latest).with_for_update(skip_locked=True)
        await self._connection.execute(
            update(deliveries).where(deliveries.c.id.in_(evaluated_once(ahead))).values(due_at=to)
        )

    async def count_waiting(self, up_to: int) -> int:
        waiting = select(deliveries.c.id).where(deliveries.c.due_at.is_not(None)).limit(up_to).subquery()
        return await self._connection.scalar(select(func.count()).select_from(waiting)) or 0

    async def _update(self, delivery_id: UUID, values: dict[str, object]) -> None:
        await self._connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))


@cache
def _accounts_query() -> Select[tuple[UUID, bool]]:
    """Return accounts with waiting deliveries, each with whether one is due and the account active.

    A loose index scan, as in `outbox`: its cost does not depend on the length of an account's queue.
    """
    first = _next_account(bindparam("after", type_=Uuid))
    scan = select(first.label("user_id"), literal(1).label("number")).cte("scan", recursive=True)
    following = select(_next_account(scan.c.user_id), scan.c.number + 1)
    scan = scan.union_all(following.where(scan.c.user_id.is_not(None), scan.c.number < bindparam("scanned")))
    of_account = (deliveries.c.user_id == scan.c.user_id) & deliveries.c.due_at.is_not(None)
    due = exists().where(of_account, deliveries.c.due_at <= bindparam("now")).correlate(scan)
    may_receive = (users.c.user_id == scan.c.user_id) & users.c.is_active & users.c.deleted_at.is_(None)
    active = exists().where(may_receive).correlate(scan)
    found = select(scan.c.user_id, and_(due, active).label("is_due")).where(scan.c.user_id.is_not(None))
    return found.order_by(scan.c.number)


def _next_account(after: ColumnElement[UUID]) -> ScalarSelect[UUID]:
    """Return the account after another one in the order of the index of waiting deliveries; null after the last."""
    found = select(deliveries.c.user_id).where(deliveries.c.user_id > after, deliveries.c.due_at.is_not(None))
    return (
        found.order_by(deliveries.c.user_id, deliveries.c.due_at)
        .limit(1)
        .correlate_except(deliveries)
        .scalar_subquery()
    )


def _delivery_from_row(row: Row[*tuple[Any, ...]]) -> Delivery:  # Any: the columns' types are those of the table
    return Delivery(
        id=row.id,
        user_id=row.user_id,
        webhook_id=row.webhook_id,
        rule_id=row.rule_id,
        alert_id=row.alert_id,
        change=AlertChange(row.change),
        alert=row.alert,
        created_at=row.created_at,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        due_at=row.due_at,
        finished_at=row.finished_at,
        response_status=row.response_status,
        error=row.error,
    )
