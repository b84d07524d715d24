"""Publish/subscribe within one process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from iotflow.repositories.broker import (
    MAX_QUEUED_BYTES,
    MAX_QUEUED_MESSAGES,
    Interruption,
    Message,
    SubscriberTooSlow,
    SubscriptionEvent,
)


class _Subscriber:
    """A bounded queue of events."""

    def __init__(self) -> None:
        self._queue: deque[SubscriptionEvent] = deque()
        self._bytes = 0
        self._is_dropped = False
        self._changed = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[SubscriptionEvent]:
        return self

    async def __anext__(self) -> SubscriptionEvent:
        while not self._queue:
            if self._is_dropped:
                raise SubscriberTooSlow(
                    f"subscription: dropped, more than {MAX_QUEUED_MESSAGES} messages or {MAX_QUEUED_BYTES} bytes "
                    "waited; subscribe again"
                )
            self._changed.clear()
            await self._changed.wait()
        event = self._queue.popleft()
        self._bytes -= _size(event)
        return event

    def put(self, event: SubscriptionEvent) -> None:
        """Queue an event, or drop the subscription if the queue is full."""
        if self._is_dropped:
            return
        self._queue.append(event)
        self._bytes += _size(event)
        if len(self._queue) > MAX_QUEUED_MESSAGES or self._bytes > MAX_QUEUED_BYTES:
            self._is_dropped = True
            self._queue.clear()
        self._changed.set()


class MemoryBroker:
    """In-memory implementation of `Broker`, and the fan-out to the subscribers of one process for others."""

    def __init__(self) -> None:
        self.is_interrupted = False
        self._subscribers: dict[str, set[_Subscriber]] = {}

    @property
    def topics(self) -> Collection[str]:
        """The topics that have subscribers."""
        return self._subscribers.keys()

    async def publish(self, topic: str, message: bytes) -> None:
        self.deliver(Message(topic, message))

    @asynccontextmanager
    async def subscribe(self, topics: Collection[str]) -> AsyncIterator[AsyncIterator[SubscriptionEvent]]:
        subscriber = _Subscriber()
        for topic in topics:
            self._subscribers.setdefault(topic, set()).add(subscriber)
        if self.is_interrupted:
            subscriber.put(Interruption.BEGAN)
        try:
            yield subscriber
        finally:
            for topic in topics:
                self._subscribers[topic].discard(subscriber)
                if not self._subscribers[topic]:
                    del self._subscribers[topic]

    def deliver(self, message: Message) -> None:
        """Queue a message for each subscriber of its topic."""
        for subscriber in self._subscribers.get(message.topic, ()):
            subscriber.put(message)

    def report_interruption(self, interruption: Interruption) -> None:
        """Report the beginning or end of an interruption to every subscriber, once."""
        is_interrupted = interruption is Interruption.BEGAN
        if is_interrupted == self.is_interrupted:
            return
        self.is_interrupted = is_interrupted
        for subscriber in set().union(*self._subscribers.values()):
            subscriber.put(interruption)


def _size(event: SubscriptionEvent) -> int:
    return len(event.content) if isinstance(event, Message) else 0
