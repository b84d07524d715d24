"""The log of live events in Redis: a stream for each account that is followed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.live_events import HISTORY_LIFETIME_S, MAX_HISTORY_EVENTS, EventId, format_event_id, parse_event_id
from iotflow.repositories.broker import Interruption, Message, SubscriberTooSlow, SubscriptionEvent
from iotflow.repositories.live_events import LoggedEvent
from iotflow.stores.memory.live_events import FollowedAccounts, decode_events, topic_of
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.broker import RedisBroker
from iotflow.stores.redis.client import Reply, require_bytes, require_list
from iotflow.stores.redis.scripts import APPEND_EVENTS

FOLLOWED_TOPIC = "followed"
"""Messages are the ids of accounts that are followed in some process."""
QUERY_TOPIC = "followed-query"
"""A message asks all processes to announce the accounts that they follow."""
ANSWER_TIMEOUT_S = 2.0
"""Time in seconds for the answers to a query. Until it is over, the events of every account are published."""
ANNOUNCE_EVERY_S = 30.0
RETRY_S = 1.0

logger = logging.getLogger(__name__)


class RedisLiveEventLog:
    """Redis implementation of `LiveEventLog`. During `run`, processes announce the accounts that they follow."""

    def __init__(self, batcher: CommandBatcher, broker: RedisBroker, prefix: str) -> None:
        self._batcher = batcher
        self._broker = broker
        self._prefix = prefix
        self._followed = FollowedAccounts()
        self._answered_at = time.monotonic() + ANSWER_TIMEOUT_S

    def is_followed(self, user_id: UUID) -> bool:
        return user_id in self._followed or time.monotonic() < self._answered_at

    async def append(self, user_id: UUID, contents: Sequence[bytes]) -> None:
        channel = self._broker.channel(topic_of(user_id))
        bounds = MAX_HISTORY_EVENTS, HISTORY_LIFETIME_S * 1_000
        command = self._batcher.scripts.command(APPEND_EVENTS, (self._key(user_id),), *bounds, channel, *contents)
        await self._batcher.run(lambda _: [command])

    @asynccontextmanager
    async def follow(self, user_id: UUID) -> AsyncIterator[AsyncIterator[LoggedEvent | Interruption]]:
        self._followed.begin(user_id)
        try:
            async with self._broker.subscribe([topic_of(user_id)]) as events:
                await self._announce(user_id)
                yield decode_events(events)
        finally:
            self._followed.end(user_id)

    async def events_after(self, user_id: UUID, event_id: EventId, limit: int) -> list[LoggedEvent] | None:
        command = ("XRANGE", self._key(user_id), format_event_id(event_id), "+", "COUNT", limit + 1)
        (reply,) = await self._batcher.run(lambda _: [command])
        events = [_decode_entry(entry) for entry in require_list(reply)]
        if not events or events[0].id != event_id:
            return None
        return events[1:]

    async def run(self) -> None:
        """Receive and send announcements of followed accounts until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._learn())
            group.create_task(self._repeat_announcements())

    async def _learn(self) -> None:
        while True:
            try:
                async with self._broker.subscribe([FOLLOWED_TOPIC, QUERY_TOPIC]) as events:
                    await self._query()
                    async for event in events:
                        await self._take(event)
            except (SubscriberTooSlow, ValueError) as error:
                logger.warning("live events: %s; subscribing again", error)
            await asyncio.sleep(RETRY_S)

    async def _take(self, event: SubscriptionEvent) -> None:
        if event is Interruption.ENDED:
            await self._query()
        elif isinstance(event, Message) and event.topic == QUERY_TOPIC:
            await self._announce(*self._followed.here)
        elif isinstance(event, Message):
            self._followed.note(UUID(event.content.decode()))

    async def _query(self) -> None:
        self._answered_at = time.monotonic() + ANSWER_TIMEOUT_S
        await self._publish(QUERY_TOPIC, b"")

    async def _repeat_announcements(self) -> None:
        while True:
            await asyncio.sleep(ANNOUNCE_EVERY_S)
            self._followed.remove_expired()
            await self._announce(*self._followed.here)

    async def _announce(self, *user_ids: UUID) -> None:
        for user_id in user_ids:
            await self._publish(FOLLOWED_TOPIC, str(user_id).encode())

    async def _publish(self, topic: str, message: bytes) -> None:
        try:
            await self._broker.publish(topic, message)
        except StoreUnavailable as error:
            logger.warning("live events: %s; processes learn later of each other's streams", error)

    def _key(self, user_id: UUID) -> str:
        return f"{self._prefix}:live:{user_id}"


def _decode_entry(entry: Reply) -> LoggedEvent:
    event_id, fields = require_list(entry)
    return LoggedEvent(parse_event_id(require_bytes(event_id).decode()), require_bytes(require_list(fields)[1]))
