"""Messages in the `outbox` table."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.outbox import ALL_TOPICS, Message, NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.stores.sql.tables import outbox


class SqlOutbox:
    """Plays `OutboxRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, messages: Sequence[NewMessage]) -> None:
        rows = [
            {
                "topic": message.topic.value,
                "subject": message.subject,
                "payload": message.payload,
                "not_before": message.not_before,
                "attempts": 0,
            }
            for message in messages
        ]
        if rows:
            await self._connection.execute(outbox.insert(), rows)

    async def has_due(self, now: Millis, topics: Collection[Topic] = ALL_TOPICS) -> bool:
        due = select(outbox.c.id).where(outbox.c.not_before <= now, _among(topics)).limit(1)
        return (await self._connection.execute(due)).first() is not None

    async def claim(
        self, now: Millis, lease_ms: int, limit: int, topics: Collection[Topic] = ALL_TOPICS
    ) -> list[Message]:
        earlier = outbox.alias("earlier")
        blocked = exists().where(
            earlier.c.subject == outbox.c.subject, earlier.c.id < outbox.c.id, earlier.c.not_before > now
        )
        due = (
            select(outbox.c.id)
            .where(outbox.c.not_before <= now, _among(topics), ~blocked)
            .order_by(outbox.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = (await self._connection.execute(due)).scalars().all()
        # What another relay is about to claim was skipped; later messages of its subject must not overtake it.
        overtaking = exists().where(
            earlier.c.subject == outbox.c.subject, earlier.c.id < outbox.c.id, earlier.c.id.not_in(ids)
        )
        statement = (
            update(outbox)
            .where(outbox.c.id.in_(ids), ~overtaking)
            .values(not_before=now + lease_ms, attempts=outbox.c.attempts + 1)
            .returning(outbox.c.id, outbox.c.topic, outbox.c.subject, outbox.c.payload, outbox.c.attempts)
        )
        rows = (await self._connection.execute(statement)).all()
        claimed = [Message(row.id, Topic(row.topic), row.subject, row.payload, row.attempts) for row in rows]
        return sorted(claimed, key=lambda message: message.id)

    async def release(self, message_ids: Collection[int], not_before: Millis) -> None:
        statement = update(outbox).where(outbox.c.id.in_(message_ids)).values(not_before=not_before)
        await self._connection.execute(statement)

    async def remove(self, message_ids: Collection[int]) -> None:
        rows = [{"handled_id": message_id} for message_id in message_ids]
        if rows:
            await self._connection.execute(delete(outbox).where(outbox.c.id == bindparam("handled_id")), rows)

    async def clamp_not_before(self, latest: Millis, to: Millis) -> None:
        ahead = select(outbox.c.id).where(outbox.c.not_before > latest).with_for_update(skip_locked=True)
        await self._connection.execute(update(outbox).where(outbox.c.id.in_(ahead)).values(not_before=to))

    async def count(self) -> int:
        return await self._connection.scalar(select(func.count()).select_from(outbox)) or 0


def _among(topics: Collection[Topic]) -> ColumnElement[bool]:
    return true() if len(topics) == len(ALL_TOPICS) else outbox.c.topic.in_([topic.value for topic in topics])
