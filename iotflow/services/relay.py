"""The outbox's consumer: hands each message to what handles it, at least once, in the order of its subject."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.outbox import ALL_TOPICS, LONGEST_WAIT_MS, Message, NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.repositories.events import EventRepository
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit import event_of_payload
from iotflow.services.invalidation import invalidate_of_payload
from iotflow.services.purge import Purge, purge_message

LEASE_MS = 10_000
MESSAGES_PER_CLAIM = 200
PURGES = frozenset({Topic.PURGE_TELEMETRY})
PURGE_LEASE_MS = LONGEST_WAIT_MS
"""A device with years of telemetry takes minutes, and one purge at a time is claimed."""
POLL_S = 0.5
RETRY_MS = 1_000
LONGEST_RETRY_MS = 60_000

logger = logging.getLogger(__name__)


class Relay:
    """Relays events to the documents and invalidations to the caches, and carries out purges, which keep nobody else
    waiting.
    """

    def __init__(
        self,
        transactions: Transactions,
        events: EventRepository,
        purge: Purge,
        principals: PrincipalCache,
        clock: Clock,
        *,
        purge_again_after_s: int,
    ) -> None:
        """A device is purged again `purge_again_after_s` seconds after the first time.

        By then no cached key of it works, and what was counted of it is flushed.
        """
        self._transactions = transactions
        self._events = events
        self._purge = purge
        self._principals = principals
        self._clock = clock
        self._purge_again_after_ms = purge_again_after_s * 1_000

    async def run(self) -> None:
        """Handle all messages but purges until cancelled."""
        await self._keep_handling(ALL_TOPICS - PURGES, LEASE_MS, MESSAGES_PER_CLAIM)

    async def run_purges(self) -> None:
        """Purge until cancelled."""
        await self._keep_handling(PURGES, PURGE_LEASE_MS, 1)

    async def handle_due(self) -> int:
        """Claim the messages that are due and handle them; how many were claimed. Raises StoreUnavailable."""
        return await self._handle_due(ALL_TOPICS, LEASE_MS, MESSAGES_PER_CLAIM)

    async def _keep_handling(self, topics: Collection[Topic], lease_ms: int, limit: int) -> None:
        while True:
            pause_s = POLL_S
            try:
                if await self._handle_due(topics, lease_ms, limit) == limit:
                    pause_s = 0
            except StoreUnavailable as error:
                logger.warning("the outbox must wait, the %s store is unavailable: %s", error.store, error)
            await asyncio.sleep(pause_s)

    async def _handle_due(self, topics: Collection[Topic], lease_ms: int, limit: int) -> int:
        async with self._transactions.read() as transaction:
            if not await transaction.outbox.has_due(self._clock.now(), topics):
                return 0
        async with self._transactions.write() as transaction:
            claimed = await transaction.outbox.claim(self._clock.now(), lease_ms, limit, topics)
        round_ = _Round()
        # Whom a credential proves no more is told first, however long the documents take.
        claimed.sort(key=lambda message: message.topic is not Topic.INVALIDATE_PRINCIPALS)
        for message in claimed:
            if message.topic is not Topic.EVENT:
                await self._relay_events(round_)
            await self._handle(message, round_)
        await self._relay_events(round_)
        await self._settle(round_)
        return len(claimed)

    async def _handle(self, message: Message, round_: "_Round") -> None:
        if message.subject in round_.failed_subjects:
            round_.fail(message)
        elif message.topic is Topic.EVENT:
            round_.events.append(message)
        elif message.topic is Topic.ANONYMIZE_EVENTS:
            await self._attempt([message], self._anonymize, round_)
        elif message.topic is Topic.INVALIDATE_PRINCIPALS:
            await self._attempt([message], self._invalidate, round_)
        else:
            await self._attempt([message], self._purge_devices, round_)
            if message in round_.handled and not message.payload.get("again"):
                again_at = Millis(self._clock.now() + self._purge_again_after_ms)
                device_id = message.payload["device_id"]
                assert isinstance(device_id, int)
                round_.following.append(purge_message(device_id, again_at, again=True))

    async def _relay_events(self, round_: "_Round") -> None:
        messages, round_.events = round_.events, []
        if messages:
            await self._attempt(messages, self._add_events, round_)

    async def _add_events(self, messages: Sequence[Message]) -> None:
        await self._events.add([event_of_payload(message.payload) for message in messages])

    async def _anonymize(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await self._events.anonymize(UUID(str(message.payload["user_id"])))

    async def _invalidate(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await invalidate_of_payload(self._principals, message.payload)

    async def _purge_devices(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await self._purge.run(message.payload)

    async def _attempt(
        self, messages: Sequence[Message], work: Callable[[Sequence[Message]], Awaitable[None]], round_: "_Round"
    ) -> None:
        try:
            await work(messages)
        except StoreUnavailable as error:
            logger.warning(
                "%d outbox messages must wait, the %s store is unavailable: %s", len(messages), error.store, error
            )
            round_.fail(*messages)
        except Exception:
            # A message that cannot be handled must not stop others: it is kept, and tried again ever more rarely.
            if len(messages) == 1:
                logger.exception("outbox message %d cannot be handled", messages[0].id)
                round_.fail(*messages)
                return
            for message in messages:
                if message.subject in round_.failed_subjects:
                    round_.fail(message)
                else:
                    await self._attempt([message], work, round_)
        else:
            round_.handled.extend(messages)

    async def _settle(self, round_: "_Round") -> None:
        async with self._transactions.write() as transaction:
            await transaction.outbox.remove([message.id for message in round_.handled])
            await transaction.outbox.add(round_.following)
            for message in round_.failed:
                wait_ms = min(LONGEST_RETRY_MS, RETRY_MS * 2 ** min(message.attempts - 1, 10))
                await transaction.outbox.release([message.id], Millis(self._clock.now() + wait_ms))


class _Round:
    """What became of the messages of one claim."""

    def __init__(self) -> None:
        self.events: list[Message] = []
        self.handled: list[Message] = []
        self.failed: list[Message] = []
        self.failed_subjects: set[str] = set()
        self.following: list[NewMessage] = []

    def fail(self, *messages: Message) -> None:
        self.failed.extend(messages)
        self.failed_subjects.update(message.subject for message in messages)
