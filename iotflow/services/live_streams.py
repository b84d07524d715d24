"""Streams of live events: one subscription for each account, shared by its streams in this process."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from cachetools import TTLCache

from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.context import RequestContext
from iotflow.domain.errors import NotFound, Overloaded, StoreUnavailable
from iotflow.domain.live_events import UNKNOWN_ID, EventId, LiveEvent, LiveEventType
from iotflow.domain.permissions import require_visible_group
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import UserPrincipal
from iotflow.logs import LimitLog
from iotflow.metrics.definitions import OPEN_STREAMS
from iotflow.repositories.broker import Interruption, SubscriberTooSlow
from iotflow.repositories.live_events import LiveEventLog, LoggedEvent
from iotflow.repositories.transactions import Transactions
from iotflow.services.device_lookup import DeviceLookup

MAX_STREAMS = 2_000
"""Open streams of a process: each takes some 30 KiB, and one descriptor."""
MAX_STREAMS_PER_ACCOUNT = 100
"""Open streams of an account in a process: more than the browsers of a team show at a time."""
MAX_QUEUED_EVENTS = 1_000
MAX_QUEUED_BYTES = 256 * 1_024
"""Events that a stream's client has not read yet, beyond the socket's buffers. Past either limit the stream ends after
them, so that a client that resumes gets the others, a part with each connection."""
EVENTS_PER_READ = 32
"""Events of the log that are read at a time for a stream that resumes: at most `MAX_QUEUED_BYTES`."""
MEMBERSHIP_LIFETIME_S = 5.0
"""Time after which a stream of a group includes a device that joined, or leaves out one that left."""
MAX_GROUPS_OF_DEVICE: Final = 1_000
MAX_CACHED_MEMBERSHIPS = 10_000
RETRY_S = 1.0

logger = logging.getLogger(__name__)


class StreamTooSlow(Exception):
    """The client of a stream reads more slowly than events arrive."""


class Missed:
    """A mark in a stream: events before it may be missing."""


class LiveStream:
    """An open stream: the events that its client may see and has asked for, in order."""

    def __init__(self, types: Collection[LiveEventType], device_id: int | None, group_id: int | None) -> None:
        self.group_id = group_id
        self._types = types
        self._device_id = device_id
        self._queue: deque[tuple[EventId, LiveEvent] | Missed] = deque()
        self._bytes = 0
        self._is_too_slow = False
        self._changed = asyncio.Event()
        self._last_id = UNKNOWN_ID
        self._held: list[tuple[EventId, LiveEvent, Collection[int]]] | None = None

    def asks_for(self, event: LiveEvent) -> bool:
        """Return whether the client has asked for events like this one. Its group is not checked."""
        return event.event_type in self._types and self._device_id in (None, event.device_id)

    def hold(self) -> None:
        """Hold what is put until `release`: earlier events are yet to be put."""
        self._held = []

    def release(self, earlier: Iterable[tuple[EventId, LiveEvent, Collection[int]]]) -> None:
        """Put earlier events, then what was held."""
        held, self._held = self._held or [], None
        for event_id, event, groups in (*earlier, *held):
            self.put(event_id, event, groups)
        self._is_too_slow |= len(held) == MAX_QUEUED_EVENTS

    def put(self, event_id: EventId, event: LiveEvent, groups: Collection[int]) -> None:
        """Queue an event, if it is asked for and was not queued before."""
        if not self.asks_for(event):
            return
        if self._held is not None:
            if len(self._held) < MAX_QUEUED_EVENTS:
                self._held.append((event_id, event, groups))
            return
        if (
            self._is_too_slow
            or event_id <= self._last_id
            or (self.group_id is not None and self.group_id not in groups)
        ):
            return
        if len(self._queue) >= MAX_QUEUED_EVENTS or self._bytes + len(event.data) > MAX_QUEUED_BYTES:
            self._is_too_slow = True
        else:
            self._last_id = event_id
            self._queue.append((event_id, event))
            self._bytes += len(event.data)
        self._changed.set()

    def put_missed(self) -> None:
        """Queue a mark that events may be missing."""
        if self._is_too_slow:
            return  # after an event that is not queued
        if not self._queue or not isinstance(self._queue[-1], Missed):
            self._queue.append(Missed())
        self._changed.set()

    def require_pace(self) -> None:
        """Raise StreamTooSlow if the client has not read what waits, and more events than may wait have come."""
        if self._is_too_slow:
            raise StreamTooSlow

    def wake(self) -> None:
        """End the wait for events."""
        self._changed.set()

    async def next_events(self, timeout_s: float) -> list[tuple[EventId, LiveEvent] | Missed]:
        """Wait for events, at most this time. Raises StreamTooSlow after the last one that was queued."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return []
        if not self._queue:
            self.require_pace()
        events = list(self._queue)
        self._queue.clear()
        self._bytes = 0
        if not self._is_too_slow:
            self._changed.clear()
        return events


class _Feed:
    """The streams of an account, and the task that fills them."""

    def __init__(self) -> None:
        self.streams: set[LiveStream] = set()
        self.is_subscribed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class LiveStreams:
    """Opens streams, checks what their callers may see, and distributes live events among them."""

    def __init__(self, log: LiveEventLog, transactions: Transactions, device_lookup: DeviceLookup) -> None:
        self._log = log
        self._transactions = transactions
        self._device_lookup = device_lookup
        self._feeds: dict[UUID, _Feed] = {}
        self._open = 0
        self._groups = TTLCache[int, frozenset[int]](MAX_CACHED_MEMBERSHIPS, MEMBERSHIP_LIFETIME_S)
        self._limit = LimitLog("streams", f"{MAX_STREAMS:,} streams, {MAX_STREAMS_PER_ACCOUNT} of an account")
        OPEN_STREAMS.add_source(self, lambda streams: {(): streams._open})

    async def require_visible(
        self, context: RequestContext[UserPrincipal], device_id: int | None, group_id: int | None
    ) -> None:
        """Raise NotFound for a device or group that is not the caller's own: a stream shows the caller's devices only.

        Raises StoreUnavailable.
        """
        caller = context.principal
        if device_id is not None:
            device = await self._device_lookup.get_visible(caller, device_id, TokenScope.READ)
            if device.user_id != caller.user_id:
                raise NotFound(f"there is no device {device_id} of yours")
        if group_id is not None:
            async with self._transactions.read() as transaction:
                group = require_visible_group(caller, group_id, await transaction.groups.get(group_id), TokenScope.READ)
            if group.user_id != caller.user_id:
                raise NotFound(f"there is no group {group_id} of yours")

    def require_room(self, user_id: UUID) -> None:
        """Raise Overloaded if an account may open no further stream now."""
        feed = self._feeds.get(user_id)
        if self._open >= MAX_STREAMS or (feed is not None and len(feed.streams) >= MAX_STREAMS_PER_ACCOUNT):
            self._limit.record(f"account {user_id}")
            raise Overloaded(
                f"streams: at most {MAX_STREAMS_PER_ACCOUNT} of one account and {MAX_STREAMS:,} in total are open in a "
                "worker; close some",
                retry_after_s=5,
            )

    @asynccontextmanager
    async def open(self, user_id: UUID, stream: LiveStream, after: EventId | None) -> AsyncIterator[LiveStream]:
        """Fill a stream of an account for a block: the events after this one (None: from now on).

        Raises Overloaded for too many streams.
        """
        self.require_room(user_id)
        feed = self._feeds.get(user_id)
        if feed is None:
            feed = self._feeds[user_id] = _Feed()
            feed.task = asyncio.create_task(self._distribute(user_id, feed), name="streams of an account")
        self._open += 1
        if after is not None:
            stream.hold()
        feed.streams.add(stream)
        try:
            await feed.is_subscribed.wait()
            if after is not None:
                stream.release(await self._missed_by(user_id, stream, after))
            yield stream
        finally:
            self._open -= 1
            feed.streams.discard(stream)
            if not feed.streams and self._feeds.get(user_id) is feed:
                del self._feeds[user_id]
                assert feed.task is not None
                await cancel_and_wait(feed.task)

    async def _missed_by(
        self, user_id: UUID, stream: LiveStream, after: EventId
    ) -> list[tuple[EventId, LiveEvent, Collection[int]]]:
        """Return the events after the last one that a client got. Mark the stream if some may be missing.

        Of more events than may wait, only the first are read: the stream ends after them.
        """
        missed: list[tuple[EventId, LiveEvent, Collection[int]]] = []
        size = 0
        while size <= MAX_QUEUED_BYTES:
            logged = await self._logged_after(user_id, after)
            if logged is None:
                stream.put_missed()
                return []
            for one in logged:
                event = LiveEvent.decode(one.content)
                groups = await self._groups_for(event, [stream])
                if stream.asks_for(event) and (stream.group_id is None or stream.group_id in groups):
                    missed.append((one.id, event, groups))
                    size += len(event.data)
            if len(logged) < EVENTS_PER_READ:
                break
            after = logged[-1].id
        return missed

    async def _logged_after(self, user_id: UUID, after: EventId) -> list[LoggedEvent] | None:
        """Return the next events of the log, None if it lacks this one or is unavailable."""
        try:
            return await self._log.events_after(user_id, after, EVENTS_PER_READ)
        except StoreUnavailable as error:
            logger.warning("streams: the %s store is unavailable: %s; events may be missing", error.store, error)
            return None

    async def _distribute(self, user_id: UUID, feed: _Feed) -> None:
        """Put the events of an account into its streams, until cancelled."""
        while True:
            try:
                async with self._log.follow(user_id) as events:
                    feed.is_subscribed.set()
                    async for event in events:
                        if isinstance(event, LoggedEvent):
                            await self._put(event, feed.streams)
                        elif event is Interruption.ENDED:
                            _put_missed(feed.streams)
            except SubscriberTooSlow:
                _put_missed(feed.streams)
            except Exception:
                # A defect must not leave the account's streams silent for good.
                logger.exception("streams: account=%s failed; retry in %.0f s", user_id, RETRY_S)
                _put_missed(feed.streams)
                await asyncio.sleep(RETRY_S)

    async def _put(self, logged: LoggedEvent, streams: Collection[LiveStream]) -> None:
        event = LiveEvent.decode(logged.content)
        groups = await self._groups_for(event, streams)
        for stream in list(streams):
            stream.put(logged.id, event, groups)

    async def _groups_for(self, event: LiveEvent, streams: Collection[LiveStream]) -> Collection[int]:
        """Return the groups of an event's device, if one of the streams asks for a group."""
        is_needed = any(stream.group_id is not None for stream in streams)
        return await self._groups_of(event.device_id) if is_needed else ()

    async def _groups_of(self, device_id: int) -> frozenset[int]:
        found = self._groups.get(device_id)
        if found is None:
            try:
                async with self._transactions.read() as transaction:
                    joined = await transaction.groups.of_device(device_id, MAX_GROUPS_OF_DEVICE)
            except StoreUnavailable:
                return frozenset()
            found = self._groups[device_id] = frozenset(one.group.id for one in joined)
        return found


def _put_missed(streams: Collection[LiveStream]) -> None:
    for stream in streams:
        stream.put_missed()
