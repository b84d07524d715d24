"""The outbox's consumers: each hands the messages of one topic to what handles them.

- At least once: a message is removed after it was handled; a claim ends with its lease, and the message comes again.
- In the order of their subject; one that fails holds up its subject alone.
- Fairly: subjects take turns. A job that takes long is done in steps and gives its place up after a slice of time.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import DueSubjects, Message, Topic
from iotflow.domain.times import Millis
from iotflow.parallel import in_parallel
from iotflow.repositories.events import EventRepository
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.transactions import Transactions
from iotflow.services.account_deletion import AccountDeletion
from iotflow.services.audit import anonymize_part, event_of_payload
from iotflow.services.invalidation import invalidate_of_payload
from iotflow.services.purge import Purge

LEASE_MS = 10_000
MESSAGES_PER_CLAIM = 200
ONE_BY_ONE_S = 5.0
"""How long events are stored one by one after a batch failed; half of the lease."""

JOB_LEASE_MS = 30_000
"""Longer than the slices of a claim's subjects and a last step that meets a store's deadline."""
JOB_SUBJECTS_PER_CLAIM = 20
JOBS_AT_ONCE = 4
SLICE_S = 1.0
PAUSE_BETWEEN_STEPS_S = 0.01
"""So that requests come first where a store has one writer."""

POLL_S = 0.5
RETRY_MS = 1_000
LONGEST_RETRY_MS = 60_000

Job = Callable[[JsonObject], Awaitable[JsonObject | None]]
"""Do a bounded part of what a payload asks for; return the payload to go on with, None when all is done."""

logger = logging.getLogger(__name__)


class Round:
    """What became of the messages of one claim."""

    def __init__(self) -> None:
        self.handled: list[Message] = []
        self.failed: list[Message] = []
        self.failed_subjects: set[str] = set()
        self.unfinished: dict[int, JsonObject] = {}

    def fail(self, *messages: Message) -> None:
        """Have messages tried again later."""
        self.failed.extend(messages)
        self.failed_subjects.update(message.subject for message in messages)


class Handler(Protocol):
    """Handles messages of one topic."""

    lease_ms: int
    subjects_per_claim: int

    async def handle(self, messages: Sequence[Message], round_: Round) -> None:
        """Handle claimed messages, in order of their ids, and note in the round what became of each."""
        ...


class StoreEvents:
    """A handler that stores events, those of all subjects in one batch."""

    lease_ms = LEASE_MS
    subjects_per_claim = MESSAGES_PER_CLAIM

    def __init__(self, events: EventRepository) -> None:
        self._events = events

    async def handle(self, messages: Sequence[Message], round_: Round) -> None:
        try:
            await self._events.add([event_of_payload(message.payload) for message in messages])
        except StoreUnavailable as error:
            logger.warning("%d events must wait, the %s store is unavailable: %s", len(messages), error.store, error)
            round_.fail(*messages)
        except Exception:
            if len(messages) == 1:
                logger.exception("outbox message %d cannot be handled", messages[0].id)
                round_.fail(*messages)
            else:
                await self._handle_one_by_one(messages, round_)
        else:
            round_.handled.extend(messages)

    async def _handle_one_by_one(self, messages: Sequence[Message], round_: Round) -> None:
        # An event that cannot be stored must not stop others: it is kept, and tried again ever more rarely.
        until = time.monotonic() + ONE_BY_ONE_S
        for message in messages:
            if message.subject in round_.failed_subjects or time.monotonic() >= until:
                round_.fail(message)
            else:
                await self.handle([message], round_)


class RunJobs:
    """A handler that runs a job for each message, those of several subjects at once, for a slice of time a subject."""

    lease_ms = JOB_LEASE_MS
    subjects_per_claim = JOB_SUBJECTS_PER_CLAIM

    def __init__(self, job: Job) -> None:
        self._job = job

    async def handle(self, messages: Sequence[Message], round_: Round) -> None:
        by_subject = groupby(sorted(messages, key=attrgetter("subject", "id")), key=attrgetter("subject"))
        queues = [list(queue) for _, queue in by_subject]
        await in_parallel((partial(self._take_turn, queue, round_) for queue in queues), JOBS_AT_ONCE)

    async def _take_turn(self, queue: Sequence[Message], round_: Round) -> None:
        until = time.monotonic() + SLICE_S
        for place, message in enumerate(queue):
            if message.subject in round_.failed_subjects:
                round_.fail(message)
            elif place > 0 and time.monotonic() >= until:
                round_.unfinished[message.id] = message.payload
            else:
                await self._attempt(message, until, round_)

    async def _attempt(self, message: Message, until: float, round_: Round) -> None:
        try:
            rest = await self._job(message.payload)
            while rest is not None and time.monotonic() < until:
                await asyncio.sleep(PAUSE_BETWEEN_STEPS_S)
                rest = await self._job(rest)
        except StoreUnavailable as error:
            logger.warning("job=%s must wait, the %s store is unavailable: %s", message.topic, error.store, error)
            round_.fail(message)
        except Exception:
            logger.exception("outbox message %d cannot be handled", message.id)
            round_.fail(message)
        else:
            if rest is None:
                round_.handled.append(message)
            else:
                round_.unfinished[message.id] = rest


class Consumer:
    """Claims the messages of one topic and has them handled."""

    def __init__(self, transactions: Transactions, clock: Clock, topic: Topic, handler: Handler) -> None:
        self._transactions = transactions
        self._clock = clock
        self.topic = topic
        self._handler = handler
        self._after = ""

    async def run(self) -> None:
        """Handle messages until cancelled."""
        while True:
            pause_s = POLL_S
            try:
                claimed, more = await self._round()
                if claimed and more:
                    pause_s = 0
            except StoreUnavailable as error:
                logger.warning("the outbox must wait, the %s store is unavailable: %s", error.store, error)
            await asyncio.sleep(pause_s)

    async def handle_due(self) -> int:
        """Claim messages that are due, some of each subject, and handle them; how many. Raises StoreUnavailable."""
        return (await self._round())[0]

    async def _round(self) -> tuple[int, bool]:
        """Handle one claim; how many messages it had, and whether more may be due."""
        due = await self._due()
        if not due.heads:
            self._after = due.scanned_to
            return 0, False
        subjects = list(due.heads)[: self._handler.subjects_per_claim]
        per_subject = max(1, MESSAGES_PER_CLAIM // len(subjects))
        heads = [due.heads[subject] for subject in subjects]
        async with self._transactions.write() as transaction:
            claimed = await transaction.outbox.claim(
                self.topic, heads, self._clock.now(), self._handler.lease_ms, per_subject
            )
        self._after = subjects[-1]
        round_ = Round()
        if claimed:
            await self._handler.handle(claimed, round_)
            await self._settle(round_)
        taken = [sum(message.subject == subject for message in claimed) for subject in subjects]
        more = len(due.heads) > len(subjects) or per_subject in taken or bool(round_.unfinished)
        return len(claimed), more

    async def _due(self) -> DueSubjects:
        """The subjects that are due, from the one after the last that was served on; then from the first on."""
        async with self._transactions.read() as transaction:
            now = self._clock.now()
            due = await transaction.outbox.due_subjects(self.topic, now, self._after)
            if not due.heads and self._after and not due.scanned_to:
                due = await transaction.outbox.due_subjects(self.topic, now)
        return due

    async def _settle(self, round_: Round) -> None:
        async with self._transactions.write() as transaction:
            await transaction.outbox.remove([message.id for message in round_.handled])
            for message_id, payload in round_.unfinished.items():
                await transaction.outbox.advance(message_id, payload)
            for message in round_.failed:
                wait_ms = min(LONGEST_RETRY_MS, RETRY_MS * 2 ** min(message.attempts - 1, 10))
                await transaction.outbox.release([message.id], Millis(self._clock.now() + wait_ms))


class Relay:
    """All consumers: of cache invalidations, events, and the jobs that follow a deletion."""

    def __init__(
        self,
        transactions: Transactions,
        events: EventRepository,
        purge: Purge,
        principals: PrincipalCache,
        clock: Clock,
    ) -> None:
        handlers: dict[Topic, Handler] = {
            Topic.INVALIDATE_PRINCIPALS: RunJobs(partial(invalidate_of_payload, principals)),
            Topic.EVENT: StoreEvents(events),
            Topic.ANONYMIZE_EVENTS: RunJobs(partial(anonymize_part, events)),
            Topic.DELETE_ACCOUNT: RunJobs(AccountDeletion(transactions, clock).run_step),
            Topic.PURGE_TELEMETRY: RunJobs(purge.run_step),
        }
        self.consumers = [Consumer(transactions, clock, topic, handler) for topic, handler in handlers.items()]

    async def handle_due(self) -> int:
        """Have each consumer handle one claim; how many messages. Raises StoreUnavailable."""
        return sum([await consumer.handle_due() for consumer in self.consumers])
