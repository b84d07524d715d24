"""Notices in the `email_notices` table, and when an account's next e-mail is due in `email_digests`."""

from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import NotFound
from iotflow.domain.mail import MAX_NOTICES, Digest, Notice
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import AlertChange
from iotflow.stores.sql.accounts import has_more_than, lock_owner
from iotflow.stores.sql.alert_tables import alert_rules, email_digests, email_notices
from iotflow.stores.sql.database import evaluated_once, insert
from iotflow.stores.sql.tables import users

ACCOUNTS_PER_CLAIM = 20
"""Accounts of the queue that one claim looks at. Those without anything to send are removed from it."""


class SqlMail:
    """SQL implementation of `MailRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, notice: Notice) -> None:
        await lock_owner(self._connection, notice.user_id)
        found = select(alert_rules.c.id).where(alert_rules.c.id == notice.rule_id).with_for_update(key_share=True)
        if (await self._connection.execute(found)).first() is None:
            return
        row = {
            "id": notice.id,
            "user_id": notice.user_id,
            "rule_id": notice.rule_id,
            "change": notice.change.value,
            "alert": notice.alert,
            "created_at": notice.created_at,
        }
        digest = {"user_id": notice.user_id, "due_at": notice.created_at, "attempts": 0}
        for table, values in ((email_notices, row), (email_digests, digest)):
            statement = insert(self._connection.dialect.name, table).values(values).on_conflict_do_nothing()
            await self._connection.execute(statement)

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        return await has_more_than(self._connection, email_notices, number, user_id)

    async def claim(self, now: Millis, lease_ms: int) -> Digest | None:
        is_due = email_digests.c.due_at <= now
        longest = select(email_digests.c.user_id).where(is_due).order_by(email_digests.c.due_at)
        due = (await self._connection.execute(longest.limit(ACCOUNTS_PER_CLAIM))).scalars()
        # The order of ids, and the account before its rows: another order could deadlock on PostgreSQL.
        for user_id in sorted(due):
            try:
                await lock_owner(self._connection, user_id)
            except NotFound:
                await self._dequeue(user_id)
                continue
            claimed = (
                update(email_digests)
                .where(email_digests.c.user_id == user_id, is_due)
                .values(due_at=now + lease_ms, attempts=email_digests.c.attempts + 1)
                .returning(email_digests.c.attempts)
            )
            attempts = await self._connection.scalar(claimed)
            if attempts is None:
                continue
            email = await self._address(user_id)
            notices = await self._notices(user_id)
            if email is not None and notices:
                return Digest(user_id, email, notices, attempts)
            await self._dequeue(user_id)
        return None

    async def finish(self, digest: Digest, next_at: Millis) -> None:
        ids = [notice.id for notice in digest.notices]
        await self._connection.execute(delete(email_notices).where(email_notices.c.id.in_(ids)))
        of_account = email_digests.c.user_id == digest.user_id
        await self._connection.execute(update(email_digests).where(of_account).values(due_at=next_at, attempts=0))

    async def retry(self, user_id: UUID, due_at: Millis) -> None:
        of_account = email_digests.c.user_id == user_id
        await self._connection.execute(update(email_digests).where(of_account).values(due_at=due_at))

    async def clamp_due_at(self, latest: Millis, to: Millis) -> None:
        ahead = select(email_digests.c.user_id).where(email_digests.c.due_at > latest)
        chosen = evaluated_once(ahead.with_for_update(skip_locked=True))
        await self._connection.execute(
            update(email_digests).where(email_digests.c.user_id.in_(chosen)).values(due_at=to)
        )

    async def _address(self, user_id: UUID) -> str | None:
        """Return the address of an account that has access; None for another one."""
        has_access = (users.c.user_id == user_id) & users.c.is_active & users.c.deleted_at.is_(None)
        address: str | None = await self._connection.scalar(select(users.c.email).where(has_access))
        return address

    async def _notices(self, user_id: UUID) -> tuple[Notice, ...]:
        order = (email_notices.c.created_at, email_notices.c.id)
        statement = select(email_notices).where(email_notices.c.user_id == user_id).order_by(*order).limit(MAX_NOTICES)
        return tuple(
            Notice(row.id, row.user_id, row.rule_id, AlertChange(row.change), row.alert, row.created_at)
            for row in await self._connection.execute(statement)
        )

    async def _dequeue(self, user_id: UUID) -> None:
        """Remove an account with its notices, if there are any: it has no access. The lock keeps others from adding."""
        for table in (email_notices, email_digests):
            await self._connection.execute(delete(table).where(table.c.user_id == user_id))
