"""The outbox relay: one consumer for each topic, which claims messages and passes them to the topic's handler.

- At least once: a message is removed after it is handled. When a lease ends, its message is claimed again.
- In order: messages of a subject are handled in their order; a failed one delays only its subject.
- Soon after an outage: while a store is unavailable its messages are retried once a second, a claim at a time.
- Fair: subjects are handled round robin. A long job runs in steps and yields after a time slice.
"""

import asyncio
import logging
from collections.abc import Mapping

from iotflow.background.outbox_handlers import ClaimOutcome, Handler
from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.outbox import DueSubjects, OutboxTopic
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions

MESSAGES_PER_CLAIM = 200
POLL_INTERVAL_S = 0.5
RETRY_DELAY_MS = 1_000
MAX_RETRY_DELAY_MS = 60_000

logger = logging.getLogger(__name__)


class Consumer:
    """A consumer of one topic."""

    def __init__(self, transactions: Transactions, clock: Clock, topic: OutboxTopic, handler: Handler) -> None:
        self._transactions = transactions
        self._clock = clock
        self.topic = topic
        self._handler = handler
        self._last_subject = ""

    async def run(self) -> None:
        """Handle messages until cancelled."""
        while True:
            pause_s = POLL_INTERVAL_S
            try:
                claimed, more = await self._handle_claim()
                if claimed and more:
                    pause_s = 0
            except StoreUnavailable as error:
                logger.warning(
                    "outbox: the %s store is unavailable: %s; retry in %.1f s", error.store, error, POLL_INTERVAL_S
                )
            await asyncio.sleep(pause_s)

    async def handle_due(self) -> int:
        """Handle one claim of due messages and return their number. Raises StoreUnavailable."""
        return (await self._handle_claim())[0]

    async def _handle_claim(self) -> tuple[int, bool]:
        """Handle one claim. Return the number of its messages, and whether more may be due."""
        due = await self._due_subjects()
        if not due.subjects:
            self._last_subject = due.scanned_to
            return 0, False
        subjects = due.subjects[: self._handler.subjects_per_claim]
        per_subject = max(1, MESSAGES_PER_CLAIM // len(subjects))
        async with self._transactions.write() as transaction:
            claimed = await transaction.outbox.claim(
                self.topic, subjects, self._clock.now(), self._handler.lease_ms, per_subject
            )
        self._last_subject = subjects[-1]
        outcome = ClaimOutcome()
        if claimed:
            await self._handler.handle(claimed, outcome)
            await self._store_outcome(outcome)
            parts = (claimed, outcome.handled, outcome.failed, outcome.postponed, outcome.unfinished)
            logger.debug(
                "outbox: topic=%s claimed=%d handled=%d failed=%d postponed=%d unfinished=%d",
                self.topic,
                *map(len, parts),
            )
        if outcome.postponed:
            return len(claimed), False
        taken = [sum(message.subject == subject for message in claimed) for subject in subjects]
        more = len(due.subjects) > len(subjects) or per_subject in taken or bool(outcome.unfinished)
        return len(claimed), more

    async def _due_subjects(self) -> DueSubjects:
        """Return the due subjects after the last one handled (round robin); if none, those from the first on."""
        async with self._transactions.read() as transaction:
            now = self._clock.now()
            due = await transaction.outbox.due_subjects(self.topic, now, self._last_subject)
            if not due.subjects and self._last_subject and not due.scanned_to:
                due = await transaction.outbox.due_subjects(self.topic, now)
        return due

    async def _store_outcome(self, outcome: ClaimOutcome) -> None:
        async with self._transactions.write() as transaction:
            await transaction.outbox.remove([message.id for message in outcome.handled])
            for message_id, payload in outcome.unfinished.items():
                await transaction.outbox.release_unfinished(message_id, payload)
            if postponed := [message.id for message in outcome.postponed]:
                await transaction.outbox.release(postponed, Millis(self._clock.now() + RETRY_DELAY_MS))
            for message in outcome.failed:
                wait_ms = min(MAX_RETRY_DELAY_MS, RETRY_DELAY_MS * 2 ** min(message.attempts - 1, 10))
                await transaction.outbox.release([message.id], Millis(self._clock.now() + wait_ms))


class OutboxRelay:
    """The consumers of all topics that have a handler."""

    def __init__(self, transactions: Transactions, clock: Clock, handlers: Mapping[OutboxTopic, Handler]) -> None:
        self.consumers = [Consumer(transactions, clock, topic, handler) for topic, handler in handlers.items()]

    async def handle_due(self) -> int:
        """Have each consumer handle one claim, and return the number of messages. Raises StoreUnavailable."""
        return sum([await consumer.handle_due() for consumer in self.consumers])
