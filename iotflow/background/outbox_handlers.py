"""Handlers of outbox messages: events stored in batches, jobs done in steps.

`background/composition.py` registers one for each topic.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import OutboxMessage
from iotflow.repositories.events import EventRepository
from iotflow.services.live_publisher import LiveEventPublisher
from iotflow.services.outbox_messages import decode_event

EVENT_LEASE_MS = 10_000
EVENT_SUBJECTS_PER_CLAIM = 200
ONE_BY_ONE_TIMEOUT_S = 5.0
"""Time in seconds for storing events one by one after a failed batch: half of the lease."""

JOB_LEASE_MS = 30_000
"""Longer than the time slices of a claim's subjects plus a last step that runs into a store's timeout."""
JOB_SUBJECTS_PER_CLAIM = 20
MAX_CONCURRENT_JOBS = 4
TIME_SLICE_S = 1.0
PAUSE_BETWEEN_STEPS_S = 0.01
"""Pause in seconds: without it, jobs would occupy SQLite's single writer."""

Job = Callable[[JsonObject], Awaitable[JsonObject | None]]
"""A function that does one bounded step for a payload and returns the next payload, None when the job is done."""

logger = logging.getLogger(__name__)


class ClaimOutcome:
    """The outcome of each message of one claim.

    - `handled`: done.
    - `failed`: retried with a growing delay.
    - `postponed`: not tried to the end, because the store is unavailable or an earlier message of the subject was not
      handled; retried with a constant delay, so that none is late after an outage.
    - `unfinished`: the payload of the next step by the message's id.
    """

    def __init__(self) -> None:
        self.handled: list[OutboxMessage] = []
        self.failed: list[OutboxMessage] = []
        self.postponed: list[OutboxMessage] = []
        self.unfinished: dict[int, JsonObject] = {}
        self.blocked_subjects: set[str] = set()

    def fail(self, *messages: OutboxMessage) -> None:
        """Mark messages as failed, and block the later ones of their subjects."""
        self.failed.extend(messages)
        self.blocked_subjects.update(message.subject for message in messages)

    def postpone(self, *messages: OutboxMessage) -> None:
        """Mark messages as postponed, and block the later ones of their subjects."""
        self.postponed.extend(messages)
        self.blocked_subjects.update(message.subject for message in messages)


class Handler(Protocol):
    """A handler of one topic's messages."""

    lease_ms: int
    subjects_per_claim: int

    async def handle(self, messages: Sequence[OutboxMessage], outcome: ClaimOutcome) -> None:
        """Handle claimed messages in the order of their ids, and add each to the outcome."""
        ...


class EventHandler:
    """A handler that stores events, those of all subjects in one batch, and publishes some in live streams."""

    lease_ms = EVENT_LEASE_MS
    subjects_per_claim = EVENT_SUBJECTS_PER_CLAIM

    def __init__(self, events: EventRepository, live: LiveEventPublisher) -> None:
        self._events = events
        self._live = live

    async def handle(self, messages: Sequence[OutboxMessage], outcome: ClaimOutcome) -> None:
        try:
            events = [decode_event(message.payload) for message in messages]
            await self._events.add(events)
        except StoreUnavailable as error:
            logger.warning(
                "outbox: topic=event: the %s store is unavailable: %s; retry of messages=%d",
                error.store,
                error,
                len(messages),
            )
            outcome.postpone(*messages)
        except Exception:
            if len(messages) == 1:
                logger.exception("outbox: topic=%s message=%d: failed; retry", messages[0].topic, messages[0].id)
                outcome.fail(*messages)
            else:
                await self._handle_one_by_one(messages, outcome)
        else:
            self._live.publish_status(events)
            outcome.handled.extend(messages)

    async def _handle_one_by_one(self, messages: Sequence[OutboxMessage], outcome: ClaimOutcome) -> None:
        # A batch fails as a whole, so one event that cannot be stored would block all others; alone it is
        # retried with a growing delay.
        until = time.monotonic() + ONE_BY_ONE_TIMEOUT_S
        for message in messages:
            if message.subject in outcome.blocked_subjects or time.monotonic() >= until:
                outcome.postpone(message)
            else:
                await self.handle([message], outcome)


class JobHandler:
    """A handler that runs a job for each message: several subjects at once, a time slice for each."""

    def __init__(
        self, job: Job, *, lease_ms: int = JOB_LEASE_MS, subjects_per_claim: int = JOB_SUBJECTS_PER_CLAIM
    ) -> None:
        self._job = job
        self.lease_ms = lease_ms
        self.subjects_per_claim = subjects_per_claim

    async def handle(self, messages: Sequence[OutboxMessage], outcome: ClaimOutcome) -> None:
        by_subject = groupby(sorted(messages, key=attrgetter("subject", "id")), key=attrgetter("subject"))
        queues = [list(queue) for _, queue in by_subject]
        await gather_bounded((partial(self._run_slice, queue, outcome) for queue in queues), MAX_CONCURRENT_JOBS)

    async def _run_slice(self, queue: Sequence[OutboxMessage], outcome: ClaimOutcome) -> None:
        until = time.monotonic() + TIME_SLICE_S
        for place, message in enumerate(queue):
            if message.subject in outcome.blocked_subjects:
                outcome.postpone(message)
            elif place > 0 and time.monotonic() >= until:
                outcome.unfinished[message.id] = message.payload
            else:
                await self._run_job(message, until, outcome)

    async def _run_job(self, message: OutboxMessage, until: float, outcome: ClaimOutcome) -> None:
        try:
            rest = await self._job(message.payload)
            while rest is not None and time.monotonic() < until:
                await asyncio.sleep(PAUSE_BETWEEN_STEPS_S)
                rest = await self._job(rest)
        except StoreUnavailable as error:
            logger.warning(
                "outbox: topic=%s: the %s store is unavailable: %s; retry", message.topic, error.store, error
            )
            outcome.postpone(message)
        except Exception:
            logger.exception("outbox: topic=%s message=%d: failed; retry", message.topic, message.id)
            outcome.fail(message)
        else:
            if rest is None:
                outcome.handled.append(message)
            else:
                outcome.unfinished[message.id] = rest
