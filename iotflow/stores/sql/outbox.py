"""Messages in the `outbox` table."""

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import (
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import DueSubjects, NewOutboxMessage, OutboxMessage, OutboxTopic
from iotflow.domain.times import Millis
from iotflow.stores.sql.tables import outbox

SUBJECTS_PER_SCAN = 1_000
"""Subjects that one call looks at. One that waits for a retry, or is claimed by another relay, costs an index probe."""


class SqlOutbox:
    """SQL implementation of `OutboxRepository`.

    Subjects, and the first messages of each, are found by loose index scans: recursive queries that jump from one
    subject or message to the next by one probe of an index. Their cost does not depend on the length of a queue.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, messages: Sequence[NewOutboxMessage]) -> None:
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

    async def due_subjects(self, topic: OutboxTopic, now: Millis, after: str = "") -> DueSubjects:
        scan = {"topic": topic.value, "now": now, "after": after, "scanned": SUBJECTS_PER_SCAN}
        rows = (await self._connection.execute(_subjects_query(), scan)).all()
        heads = {row.subject: row.head for row in rows if row.head is not None}
        return DueSubjects(heads, rows[-1].subject if len(rows) == SUBJECTS_PER_SCAN else "")

    async def claim(
        self, topic: OutboxTopic, heads: Collection[int], now: Millis, lease_ms: int, per_subject: int
    ) -> list[OutboxMessage]:
        found = {"topic": topic.value, "now": now, "heads": list(heads), "per_subject": per_subject}
        rows = (await self._connection.execute(_first_messages_query(), found)).all()
        # Another relay may have claimed some of them since they were read, so check again; SKIP LOCKED leaves out those
        # that another relay is claiming now.
        free = outbox.c.id.in_([row.id for row in rows]) & (outbox.c.not_before <= now)
        locked = select(outbox.c.id).where(free).order_by(outbox.c.id).with_for_update(skip_locked=True)
        ours = set((await self._connection.execute(locked)).scalars())
        blocked_subjects: set[str] = set()
        # A message that cannot be claimed blocks the later ones of its subject, which would overtake it.
        for row in rows:
            if row.id not in ours or row.subject in blocked_subjects:
                blocked_subjects.add(row.subject)
                ours.discard(row.id)
        claimed = (
            update(outbox)
            .where(outbox.c.id.in_(ours))
            .values(not_before=now + lease_ms, attempts=outbox.c.attempts + 1)
            .returning(outbox.c.id, outbox.c.topic, outbox.c.subject, outbox.c.payload, outbox.c.attempts)
        )
        messages = [
            OutboxMessage(row.id, OutboxTopic(row.topic), row.subject, row.payload, row.attempts)
            for row in await self._connection.execute(claimed)
        ]
        return sorted(messages, key=lambda message: message.id)

    async def advance(self, message_id: int, payload: JsonObject) -> None:
        released = update(outbox).where(outbox.c.id == message_id).values(payload=payload, not_before=0, attempts=0)
        await self._connection.execute(released)

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


@cache
def _subjects_query() -> Select[tuple[str, int | None]]:
    """Return the subjects that have messages of a topic, each with the id of its first message if it can be claimed."""
    of_topic = outbox.c.topic == bindparam("topic", type_=String)
    after = outbox.c.subject > bindparam("after", type_=String)
    first = select(func.min(outbox.c.subject).label("subject"), literal(1).label("number"))
    scan = first.where(of_topic, after).cte("scan", recursive=True)
    following = select(func.min(outbox.c.subject)).where(of_topic, outbox.c.subject > scan.c.subject)
    scan = scan.union_all(
        select(following.correlate(scan).scalar_subquery(), scan.c.number + 1).where(
            scan.c.subject.is_not(None), scan.c.number < bindparam("scanned")
        )
    )
    head = (
        select(case((and_(of_topic, outbox.c.not_before <= bindparam("now")), outbox.c.id)))
        .where(outbox.c.subject == scan.c.subject)
        .order_by(outbox.c.id)
        .limit(1)
        .correlate(scan)
        .scalar_subquery()
    )
    return select(scan.c.subject, head.label("head")).where(scan.c.subject.is_not(None)).order_by(scan.c.number)


@cache
def _first_messages_query() -> Select[tuple[int, str]]:
    """Return the first claimable messages of the subjects of `heads`, in order within their subject."""
    claimable = and_(outbox.c.topic == bindparam("topic"), outbox.c.not_before <= bindparam("now"))
    earlier = outbox.alias("earlier")
    is_first = ~select(earlier.c.id).where(earlier.c.subject == outbox.c.subject, earlier.c.id < outbox.c.id).exists()
    heads = select(outbox.c.id, outbox.c.subject, literal(0).label("place")).where(
        outbox.c.id.in_(bindparam("heads", expanding=True)), claimable, is_first
    )
    queue = heads.cte("queue", recursive=True)
    behind = select(func.min(earlier.c.id)).where(earlier.c.subject == queue.c.subject, earlier.c.id > queue.c.id)
    following = outbox.c.id == behind.correlate(queue).scalar_subquery()
    queue = queue.union_all(
        select(outbox.c.id, outbox.c.subject, queue.c.place + 1)
        .join_from(queue, outbox, following)
        .where(claimable, queue.c.place + 1 < bindparam("per_subject"))
    )
    return select(queue.c.id, queue.c.subject).order_by(queue.c.place)
