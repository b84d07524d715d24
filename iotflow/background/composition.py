"""The background work of a running service, wired over its stores and services."""

import logging

from iotflow.background.deliveries import DeliveryWorker
from iotflow.background.housekeeping import clamp_future_times, count_queues, delete_expired, seal_closed_days
from iotflow.background.jobs import AnonymizeAccount, DeleteAccount, PurgeDevices, ResolveAlerts
from iotflow.background.outbox_handlers import MAX_CONCURRENT_JOBS, EventHandler, Handler, JobHandler
from iotflow.background.outbox_relay import OutboxRelay
from iotflow.background.scheduler import Scheduler
from iotflow.background.supervisor import Supervisor
from iotflow.background.webhook_client import WebhookClient
from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.outbox import OutboxTopic
from iotflow.metrics.sampling import sample_forever
from iotflow.repositories.stores import Stores
from iotflow.services.container import Services
from iotflow.services.presence import flush_presence

FLUSH_EVERY_S = 30
WATCH_EVERY_S = 2.0
CLAMP_EVERY_S = 10.0
APPLY_TRANSITIONS_EVERY_S = 2.0
SEND_MAIL_EVERY_S = 5.0
DELETE_EXPIRED_EVERY_S = 3_600.0
SEAL_EVERY_S = 1_800.0
COUNT_QUEUES_EVERY_S = 5.0
REPORT_LEASE_MS = 60_000
"""Longer than a bulk read, its wait for a slot, and the storage of its result."""

logger = logging.getLogger(__name__)


def build_relay(stores: Stores, services: Services, clock: Clock) -> OutboxRelay:
    """Build the outbox relay with the handler of each topic."""
    purge = PurgeDevices(
        stores.telemetry,
        stores.latest_cache,
        stores.presence,
        stores.activity,
        stores.metadata,
        stores.alerts,
        stores.reports,
        stores.rule_states,
    )
    handlers: dict[OutboxTopic, Handler] = {
        OutboxTopic.INVALIDATE_CACHES: JobHandler(services.invalidation.handle_outbox_message),
        OutboxTopic.EVENT: EventHandler(stores.events, services.live_publisher),
        OutboxTopic.ANONYMIZE_EVENTS: JobHandler(
            AnonymizeAccount(stores.events, stores.preferences, stores.reports).run_step
        ),
        OutboxTopic.DELETE_ACCOUNT: JobHandler(DeleteAccount(stores.transactions, clock).run_step),
        OutboxTopic.PURGE_TELEMETRY: JobHandler(purge.run_step),
        OutboxTopic.COMPUTE_REPORT: JobHandler(
            services.reports.run_step, lease_ms=REPORT_LEASE_MS, subjects_per_claim=MAX_CONCURRENT_JOBS
        ),
        OutboxTopic.RESOLVE_ALERTS: JobHandler(ResolveAlerts(stores.alerts, clock).run_step),
    }
    return OutboxRelay(stores.transactions, clock, handlers)


def start_background_work(supervisor: Supervisor, stores: Stores, services: Services, clock: Clock) -> None:
    """Start all background work under a supervisor."""

    async def flush() -> None:
        await flush_presence(stores.presence, stores.transactions, clock)
        await services.token_uses.flush()
        await services.activity.flush()

    async def clamp() -> None:
        await clamp_future_times(stores.transactions, clock)

    async def deliver() -> None:
        async with WebhookClient(services.webhook_addresses) as client:
            await DeliveryWorker(stores.transactions, client, clock).run()

    for consumer in build_relay(stores, services, clock).consumers:
        supervisor.run(f"outbox consumer {consumer.topic}", consumer.run)
    supervisor.run("delivery of webhooks", deliver)
    if services.mail.is_set_up:
        supervisor.repeat("e-mails about alerts", services.mail.send_due, SEND_MAIL_EVERY_S)
    if stores.is_shared:
        scheduler = Scheduler(stores.transactions)
        _repeat_for_all(scheduler, stores, services, clock)
        supervisor.run("scheduler", scheduler.run)
    else:
        # A lease would be written every few seconds, which wears out the memory card of a small computer.
        _repeat_for_all(supervisor, stores, services, clock)
    supervisor.repeat("flush of presence, uses of tokens and activity", flush, FLUSH_EVERY_S)
    supervisor.repeat("clamp of future times", clamp, CLAMP_EVERY_S)
    supervisor.repeat("transitions of alerts", services.alert_observer.apply_waiting, APPLY_TRANSITIONS_EVERY_S)


def _repeat_for_all(scheduler: Scheduler | Supervisor, stores: Stores, services: Services, clock: Clock) -> None:
    """Repeat the work that one process does for all."""

    async def expire() -> None:
        await delete_expired(stores.retention_sweepers, stores.transactions, clock)

    scheduler.repeat("watch over online devices", services.presence_monitor.announce_offline, WATCH_EVERY_S)
    scheduler.repeat("watch over silent devices", services.silence_monitor.check_due, WATCH_EVERY_S)
    scheduler.repeat("deletion of expired data", expire, DELETE_EXPIRED_EVERY_S)
    if (sealer := stores.sealer) is not None:
        scheduler.repeat("sealing of closed days", lambda: seal_closed_days(sealer), SEAL_EVERY_S)


def start_sampling(supervisor: Supervisor, stores: Stores) -> None:
    """Start the sampling of the metrics that are not counted."""

    async def count() -> None:
        await count_queues(stores.transactions)

    supervisor.run("sampling of metrics", sample_forever)
    supervisor.repeat("count of the queues", count, COUNT_QUEUES_EVERY_S)


async def flush_at_shutdown(stores: Stores, services: Services, clock: Clock) -> None:
    """Flush presence, uses of tokens and activity a last time. Log the loss if a store is unavailable."""
    try:
        await flush_presence(stores.presence, stores.transactions, clock)
        await services.token_uses.flush()
        await services.activity.flush()
    except StoreUnavailable as error:
        logger.warning(
            "shutdown: the %s store is unavailable: %s; presence, uses of tokens and activity since the last flush are"
            " lost",
            error.store,
            error,
        )
