"""The interface of the log of live events."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol
from uuid import UUID

from iotflow.domain.live_events import EventId
from iotflow.repositories.broker import Interruption


class LoggedEvent(NamedTuple):
    """An event of the log, encoded."""

    id: EventId
    content: bytes


class LiveEventLog(Protocol):
    """A short log of live events for each account that is followed, shared by all processes that share the store."""

    def is_followed(self, user_id: UUID) -> bool:
        """Return whether an account is followed, or was within `HISTORY_LIFETIME_S`. Costs no call of the store.

        Another process may learn of the first follower of an account up to a second later.
        """
        ...

    async def append(self, user_id: UUID, contents: Sequence[bytes]) -> None:
        """Add events, and deliver them to all followers. Raises StoreUnavailable; some may have been added."""
        ...

    def follow(self, user_id: UUID) -> AbstractAsyncContextManager[AsyncIterator[LoggedEvent | Interruption]]:
        """Follow the events of an account for a block, as `Broker.subscribe` does for a topic."""
        ...

    async def events_after(self, user_id: UUID, event_id: EventId, limit: int) -> list[LoggedEvent] | None:
        """Return the first events after this one, in order; None if the log does not have it.

        Raises StoreUnavailable.
        """
        ...
