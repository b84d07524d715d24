"""The delivery of webhooks: a worker that claims due deliveries and attempts them, several at a time.

- At least once: a delivery is finished after its attempt. The claim of a killed process ends with its lease.
- Fair: accounts take turns, one delivery each. Deliveries in flight are bounded for a webhook, an account and a host,
  so that a receiver that never answers holds up no other one.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from iotflow.background.webhook_client import Outcome, WebhookClient
from iotflow.clock import Clock
from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import MAX_ATTEMPTS, MAX_FINISHED_DELIVERIES, DeliveryStatus, retry_delay_ms
from iotflow.metrics.definitions import DELIVERIES
from iotflow.repositories.transactions import Transactions
from iotflow.repositories.webhooks import ClaimedDelivery
from iotflow.services.webhook_messages import request_of

MAX_IN_FLIGHT = 64
MAX_IN_FLIGHT_OF_HOST = 16
MAX_IN_FLIGHT_OF_ACCOUNT = 4
MAX_IN_FLIGHT_OF_WEBHOOK = 2
CLAIMS_PER_TRANSACTION = 16
LEASE_MS = 30_000
"""Longer than an attempt (15 s) and the storage of its outcome."""
POLL_INTERVAL_S = 0.5

logger = logging.getLogger(__name__)


class DeliveryWorker:
    """The worker that attempts deliveries in this process. `retry_delay` returns the wait after some failures."""

    def __init__(
        self,
        transactions: Transactions,
        client: WebhookClient,
        clock: Clock,
        retry_delay: Callable[[int], int] = retry_delay_ms,
    ) -> None:
        self._transactions = transactions
        self._client = client
        self._clock = clock
        self._retry_delay = retry_delay
        self._scanned_to: UUID | None = None
        self._in_flight: dict[asyncio.Task[None], ClaimedDelivery] = {}

    async def run(self) -> None:
        """Attempt due deliveries until cancelled. Attempts under way are then cancelled; their leases end."""
        try:
            while True:
                try:
                    claimed = await self.start_due()
                except StoreUnavailable as error:
                    claimed = 0
                    logger.warning(
                        "deliveries: the %s store is unavailable: %s; retry in %.1f s",
                        error.store,
                        error,
                        POLL_INTERVAL_S,
                    )
                if not claimed:
                    await asyncio.sleep(POLL_INTERVAL_S)
        finally:
            for task in list(self._in_flight):
                await cancel_and_wait(task)

    async def deliver_due(self) -> int:
        """Attempt one round of due deliveries to their end, and return their number. Raises StoreUnavailable."""
        started = await self.start_due()
        if self._in_flight:
            await asyncio.wait(self._in_flight)
        return started

    async def start_due(self) -> int:
        """Begin to attempt due deliveries, one of each account, and return their number. Raises StoreUnavailable."""
        room = min(CLAIMS_PER_TRANSACTION, MAX_IN_FLIGHT - len(self._in_flight))
        if room <= 0:
            return 0
        now = self._clock.now()
        async with self._transactions.read() as transaction:
            due = await transaction.deliveries.due_accounts(now, self._scanned_to)
        of_accounts = Counter(one.delivery.user_id for one in self._in_flight.values())
        free = [user_id for user_id in due.user_ids if of_accounts[user_id] < MAX_IN_FLIGHT_OF_ACCOUNT]
        self._scanned_to = free[room - 1] if len(free) > room else due.scanned_to
        if not free:
            return 0
        claimed = await self._claim(free[:room], now)
        for one in claimed:
            task = asyncio.create_task(self._attempt(one))
            self._in_flight[task] = one
            task.add_done_callback(self._in_flight.pop)
        return len(claimed)

    async def _claim(self, user_ids: list[UUID], now: Millis) -> list[ClaimedDelivery]:
        webhooks = Counter(one.webhook.id for one in self._in_flight.values())
        hosts = Counter(one.webhook.host for one in self._in_flight.values())
        claimed = []
        async with self._transactions.write() as transaction:
            for user_id in user_ids:
                found = await transaction.deliveries.claim(
                    user_id,
                    [webhook for webhook, number in webhooks.items() if number >= MAX_IN_FLIGHT_OF_WEBHOOK],
                    [host for host, number in hosts.items() if number >= MAX_IN_FLIGHT_OF_HOST],
                    now,
                    LEASE_MS,
                )
                if found is not None:
                    claimed.append(found)
                    webhooks[found.webhook.id] += 1
                    hosts[found.webhook.host] += 1
        return claimed

    async def _attempt(self, claimed: ClaimedDelivery) -> None:
        delivery, webhook = claimed.delivery, claimed.webhook
        try:
            request = request_of(delivery, webhook, self._clock.now())
            outcome = await self._client.post(delivery.user_id, webhook.url, request.headers, request.body)
        except Exception:
            logger.exception("delivery=%s webhook=%d: failed; retry", delivery.id, webhook.id)
            outcome = Outcome(None, "the service failed")
        log = logger.debug if outcome.is_success else logger.info
        log(
            "delivery=%s webhook=%d attempt=%d status=%s error=%s",
            delivery.id,
            webhook.id,
            delivery.attempts,
            outcome.status,
            outcome.error,
        )
        try:
            await self._store_outcome(claimed, outcome)
        except StoreUnavailable as error:
            logger.warning(
                "delivery=%s: the %s store is unavailable: %s; retry in %d s",
                delivery.id,
                error.store,
                error,
                LEASE_MS // 1_000,
            )

    async def _store_outcome(self, claimed: ClaimedDelivery, outcome: Outcome) -> None:
        delivery, now = claimed.delivery, self._clock.now()
        is_last = delivery.attempts >= MAX_ATTEMPTS
        async with self._transactions.write() as transaction:
            if outcome.is_success or is_last:
                status = DeliveryStatus.DELIVERED if outcome.is_success else DeliveryStatus.DEAD
                await transaction.deliveries.finish(delivery.id, status, now, outcome.status, outcome.error)
                await transaction.deliveries.trim(delivery.user_id, MAX_FINISHED_DELIVERIES)
                label = status.value
            else:
                due_at = Millis(now + self._retry_delay(delivery.attempts))
                await transaction.deliveries.retry(delivery.id, due_at, outcome.status, outcome.error)
                label = "retried"
        DELIVERIES.add(1, "webhook", label)
