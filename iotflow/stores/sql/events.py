"""Audit events in the `events` table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Tuple, and_, bindparam, delete, select, true, tuple_, update

from iotflow.clock import Clock
from iotflow.domain.events import PERSONAL_DETAILS, Event, EventFilter, EventPosition, EventType
from iotflow.domain.times import DAY_MS
from iotflow.stores.sql.database import Database, insert
from iotflow.stores.sql.tables import events

ROWS_PER_CHUNK = 500


class SqlEvents:
    """SQL implementation of `EventRepository` and `RetentionSweeper`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_ms = retention_days * DAY_MS

    async def add(self, new: Sequence[Event]) -> None:
        rows = [
            {
                "id": event.id,
                "event_type": event.event_type.value,
                "timestamp": event.timestamp,
                "user_id": event.user_id,
                "device_id": event.device_id,
                "details": event.details,
                "request_id": event.request_id,
            }
            for event in sorted(new, key=lambda event: event.id)
        ]
        if rows:
            async with self._database.write() as connection:
                await connection.execute(insert(connection.dialect.name, events).on_conflict_do_nothing(), rows)

    async def page(self, where: EventFilter, limit: int, after: EventPosition | None) -> list[Event]:
        position = tuple_(events.c.timestamp, events.c.id)
        statement = (
            select(events)
            .where(
                _matches(where),
                self._not_expired(),
                position < _position_tuple(after) if after is not None else true(),
            )
            .order_by(events.c.timestamp.desc(), events.c.id.desc())
            .limit(limit)
        )
        async with self._database.read(bulk=True) as connection:
            return [_event_from_row(row) for row in await connection.execute(statement)]

    async def anonymize_chunk(self, user_id: UUID, after: EventPosition | None) -> EventPosition | None:
        order = (events.c.timestamp, events.c.id)
        chunk = (
            select(*order, events.c.details)
            .where(
                events.c.user_id == user_id, tuple_(*order) > _position_tuple(after) if after is not None else true()
            )
            .order_by(*order)
            .limit(ROWS_PER_CHUNK)
        )
        async with self._database.read(bulk=True) as connection:
            rows = (await connection.execute(chunk)).all()
        changed = [
            {"event_id": row.id, "kept": {k: v for k, v in row.details.items() if k not in PERSONAL_DETAILS}}
            for row in rows
            if PERSONAL_DETAILS & row.details.keys()
        ]
        if changed:
            statement = update(events).where(events.c.id == bindparam("event_id")).values(details=bindparam("kept"))
            async with self._database.write(bulk=True) as connection:
                await connection.execute(statement, changed)
        return EventPosition(rows[-1].timestamp, rows[-1].id) if len(rows) == ROWS_PER_CHUNK else None

    async def delete_expired_chunk(self) -> bool:
        expired = select(events.c.id).where(~self._not_expired()).order_by(events.c.timestamp).limit(ROWS_PER_CHUNK)
        async with self._database.read(bulk=True) as connection:
            ids = list((await connection.execute(expired)).scalars())
        if ids:
            async with self._database.write(bulk=True) as connection:
                await connection.execute(delete(events).where(events.c.id.in_(ids)))
        return len(ids) == ROWS_PER_CHUNK

    def _not_expired(self) -> ColumnElement[bool]:
        return events.c.timestamp > self._clock.now() - self._retention_ms if self._retention_ms else true()


def _position_tuple(position: EventPosition) -> Tuple:
    return tuple_(position.timestamp, position.id, types=[events.c.timestamp.type, events.c.id.type])


def _matches(where: EventFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if where.start is not None:
        conditions.append(events.c.timestamp >= where.start)
    if where.end is not None:
        conditions.append(events.c.timestamp < where.end)
    if where.user_id is not None:
        conditions.append(events.c.user_id == where.user_id)
    if where.device_id is not None:
        conditions.append(events.c.device_id == where.device_id)
    if where.event_type is not None:
        conditions.append(events.c.event_type == where.event_type.value)
    return and_(true(), *conditions)


def _event_from_row(row: Row[*tuple[Any, ...]]) -> Event:  # Any: the columns' types are those of the table
    return Event(
        id=row.id,
        event_type=EventType(row.event_type),
        timestamp=row.timestamp,
        user_id=row.user_id,
        device_id=row.device_id,
        details=row.details,
        request_id=row.request_id,
    )
