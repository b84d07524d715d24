"""The interface of the audit trail."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from iotflow.domain.events import Event, EventFilter, EventPosition


class EventRepository(Protocol):
    """Events, kept for `IOTFLOW_EVENT_RETENTION_DAYS` from their timestamp."""

    async def add(self, events: Sequence[Event]) -> None:
        """Store events. Idempotent: an event whose id is stored already is left unchanged."""
        ...

    async def page(self, where: EventFilter, limit: int, after: EventPosition | None) -> list[Event]:
        """Return up to `limit` events after a position (None: from the newest), newest first by timestamp, then id."""
        ...

    async def anonymize_chunk(self, user_id: UUID, after: EventPosition | None) -> EventPosition | None:
        """Remove `PERSONAL_DETAILS` from a chunk of the user's events, oldest first, after a position.

        `after` None: from the oldest. Return the position of the chunk's last event, None when no events are left.
        """
        ...
