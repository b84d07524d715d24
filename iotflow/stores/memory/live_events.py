"""The log of live events in the memory of one process."""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from iotflow.domain.live_events import HISTORY_LIFETIME_S, MAX_HISTORY_EVENTS, EventId, format_event_id, parse_event_id
from iotflow.repositories.broker import Broker, Interruption, SubscriptionEvent
from iotflow.repositories.live_events import LoggedEvent

Monotonic = Callable[[], float]


class FollowedAccounts:
    """The accounts that are followed or were a short time ago, as far as this process has learned."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[UUID, float] = {}
        self._followers: dict[UUID, int] = {}

    @property
    def here(self) -> Sequence[UUID]:
        """The accounts with followers in this process."""
        return list(self._followers)

    def __contains__(self, user_id: UUID) -> bool:
        until = self._until.get(user_id)
        return until is not None and (self._monotonic() < until or user_id in self._followers)

    def note(self, user_id: UUID) -> None:
        """Note that an account is followed now."""
        self._until[user_id] = self._monotonic() + HISTORY_LIFETIME_S

    def begin(self, user_id: UUID) -> None:
        """Count a follower of this process."""
        self.note(user_id)
        self._followers[user_id] = self._followers.get(user_id, 0) + 1

    def end(self, user_id: UUID) -> None:
        """Count a follower less."""
        self.note(user_id)
        self._followers[user_id] -= 1
        if not self._followers[user_id]:
            del self._followers[user_id]

    def remove_expired(self) -> list[UUID]:
        """Forget the accounts that are no longer followed, and return them."""
        expired = [user_id for user_id in self._until if user_id not in self]
        for user_id in expired:
            del self._until[user_id]
        return expired


class MemoryLiveEventLog:
    """In-memory implementation of `LiveEventLog`."""

    def __init__(self, broker: Broker, monotonic: Monotonic = time.monotonic) -> None:
        self._broker = broker
        self._followed = FollowedAccounts(monotonic)
        self._logs: dict[UUID, deque[tuple[float, LoggedEvent]]] = {}
        self._monotonic = monotonic
        self._newest: EventId = (time.time_ns() // 1_000_000, 0)

    def is_followed(self, user_id: UUID) -> bool:
        return user_id in self._followed

    async def append(self, user_id: UUID, contents: Sequence[bytes]) -> None:
        log = self._logs.setdefault(user_id, deque(maxlen=MAX_HISTORY_EVENTS))
        now = self._monotonic()
        for content in contents:
            event = LoggedEvent(self._next_id(), content)
            log.append((now, event))
            await self._broker.publish(topic_of(user_id), encode_event(event))

    @asynccontextmanager
    async def follow(self, user_id: UUID) -> AsyncIterator[AsyncIterator[LoggedEvent | Interruption]]:
        for expired in self._followed.remove_expired():
            self._logs.pop(expired, None)
        self._followed.begin(user_id)
        try:
            async with self._broker.subscribe([topic_of(user_id)]) as events:
                yield decode_events(events)
        finally:
            self._followed.end(user_id)

    async def events_after(self, user_id: UUID, event_id: EventId, limit: int) -> list[LoggedEvent] | None:
        oldest = self._monotonic() - HISTORY_LIFETIME_S
        events = [event for at, event in self._logs.get(user_id, ()) if at >= oldest]
        if all(event.id != event_id for event in events):
            return None
        return [event for event in events if event.id > event_id][:limit]

    def _next_id(self) -> EventId:
        now_ms = time.time_ns() // 1_000_000
        time_ms, number = self._newest
        self._newest = (now_ms, 0) if now_ms > time_ms else (time_ms, number + 1)
        return self._newest


def topic_of(user_id: UUID) -> str:
    """Return the broker's topic of an account's events."""
    return f"live:{user_id}"


def encode_event(event: LoggedEvent) -> bytes:
    """Return an event with its id as a message of the broker."""
    return format_event_id(event.id).encode() + b" " + event.content


async def decode_events(events: AsyncIterator[SubscriptionEvent]) -> AsyncIterator[LoggedEvent | Interruption]:
    """Yield the events that `encode_event` encoded, and interruptions."""
    async for event in events:
        if isinstance(event, Interruption):
            yield event
        else:
            event_id, content = event.content.split(b" ", 1)
            yield LoggedEvent(parse_event_id(event_id.decode()), content)
