"""Messages in the `outbox` table."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import DueSubjects, NewOutboxMessage, OutboxMessage, OutboxTopic
from iotflow.domain.times import Millis
from iotflow.stores.sql.database import evaluated_once, unnest_texts
from iotflow.stores.sql.tables import outbox

T = TypeVar("T")

SUBJECTS_PER_SCAN = 1_000
"""Subjects that one call looks at. One that waits for a retry, or is claimed by another relay, costs an index probe."""


class SqlOutbox:
    """SQL implementation of `OutboxRepository`.

    Subjects, and the first messages of each, are found by loose index scans: recursive queries that jump from one
    subject or message to the next by one probe of an index. Their cost does not depend on the length of a queue. Nor
    does their plan: a row comparison with the order of an index can only be answered by that index. A queue is empty
    most of the time, so PostgreSQL's statistics estimate a single row however many there are.
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
        due = [row.subject for row in rows if row.is_due]
        return DueSubjects(due, rows[-1].subject if len(rows) == SUBJECTS_PER_SCAN else "")

    async def claim(
        self, topic: OutboxTopic, subjects: Collection[str], now: Millis, lease_ms: int, per_subject: int
    ) -> list[OutboxMessage]:
        found = {"subjects": list(subjects), "per_subject": per_subject}
        queues = (await self._connection.execute(_first_messages_query(self._connection.dialect.name), found)).all()
        # SKIP LOCKED leaves out those that another relay is claiming now.
        free = outbox.c.id.in_([row.id for row in queues]) & (outbox.c.not_before <= now)
        locked = select(outbox.c.id, outbox.c.topic).where(free).order_by(outbox.c.id).with_for_update(skip_locked=True)
        ours = {row.id for row in await self._connection.execute(locked) if row.topic == topic.value}
        blocked_subjects: set[str] = set()
        # A message that cannot be claimed blocks the later ones of its subject, which would overtake it.
        for row in queues:
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

    async def release_unfinished(self, message_id: int, payload: JsonObject) -> None:
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
        await self._connection.execute(
            update(outbox).where(outbox.c.id.in_(evaluated_once(ahead))).values(not_before=to)
        )

    async def count_by_topic(self, up_to: int) -> Mapping[OutboxTopic, int]:
        counts = []
        for topic in OutboxTopic:
            found = select(outbox.c.id).where(outbox.c.topic == topic.value).limit(up_to).subquery()
            counts.append(select(func.count()).select_from(found).scalar_subquery().label(topic.value))
        row = (await self._connection.execute(select(*counts))).one()
        return dict(zip(OutboxTopic, row, strict=True))

    async def count(self) -> int:
        return await self._connection.scalar(select(func.count()).select_from(outbox)) or 0


@cache
def _subjects_query() -> Select[tuple[str, bool]]:
    """Return the subjects that have messages of a topic, each with whether its first message is of it and due."""
    topic, after = bindparam("topic", type_=String), bindparam("after", type_=String)
    scan = select(_next_subject(topic, after).label("subject"), literal(1).label("number")).cte("scan", recursive=True)
    scan = scan.union_all(
        select(_next_subject(topic, scan.c.subject), scan.c.number + 1).where(
            scan.c.subject.is_not(None), scan.c.number < bindparam("scanned")
        )
    )
    due = and_(outbox.c.topic == topic, outbox.c.not_before <= bindparam("now"))
    is_due = _value_of_next_message(case((due, 1), else_=0), scan.c.subject, literal(0))
    return (
        select(scan.c.subject, (is_due == 1).label("is_due")).where(scan.c.subject.is_not(None)).order_by(scan.c.number)
    )


@cache
def _first_messages_query(dialect: str) -> Select[tuple[int, str]]:
    """Return the first messages of some subjects, in order within their subject."""
    subjects, subject = unnest_texts(dialect, "subjects")
    heads = select(_value_of_next_message(outbox.c.id, subject, literal(0)).label("id"), subject.label("subject"))
    queue = heads.add_columns(literal(1).label("place")).select_from(subjects).cte("queue", recursive=True)
    following = _value_of_next_message(outbox.c.id, queue.c.subject, queue.c.id)
    queue = queue.union_all(
        select(following, queue.c.subject, queue.c.place + 1).where(
            queue.c.id.is_not(None), queue.c.place < bindparam("per_subject")
        )
    )
    return select(queue.c.id, queue.c.subject).where(queue.c.id.is_not(None)).order_by(queue.c.place)


def _next_subject(topic: ColumnElement[str], after: ColumnElement[str]) -> ColumnElement[str]:
    """Return the subject that follows in the order of the index on (topic, subject); null after the last one."""
    key = (outbox.c.topic, outbox.c.subject)
    found = select(case((outbox.c.topic == topic, outbox.c.subject))).where(tuple_(*key) > tuple_(topic, after))
    return found.order_by(*key).limit(1).correlate_except(outbox).scalar_subquery()


def _value_of_next_message(
    value: ColumnElement[T], subject: ColumnElement[str], after: ColumnElement[int]
) -> ColumnElement[T]:
    """Return a value of the message that follows in the order of the index on (subject, id); null after the last."""
    key = (outbox.c.subject, outbox.c.id)
    found = select(case((outbox.c.subject == subject, value))).where(tuple_(*key) > tuple_(subject, after))
    return found.order_by(*key).limit(1).correlate_except(outbox).scalar_subquery()
