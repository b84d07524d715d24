"""The audit trail."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from iotflow.domain.events import Event, EventFilter, EventPosition


class EventRepository(Protocol):
    """Events, kept for `IOTFLOW_EVENT_RETENTION_DAYS` from their timestamp."""

    async def add(self, events: Sequence[Event]) -> None:
        """Store events; one whose id is there already is left as it is."""
        ...

    async def page(self, where: EventFilter, limit: int, after: EventPosition | None) -> list[Event]:
        """Up to `limit` events, newest first (by timestamp, then id), beginning beyond `after`."""
        ...

    async def anonymize_chunk(self, user_id: UUID, after: EventPosition | None) -> EventPosition | None:
        """Remove `PERSONAL_DETAILS` from the details of the next of the user's events, oldest first, beyond `after`.

        Returns the position of the last of them, None when there are no more.
        """
        ...
