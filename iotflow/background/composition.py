"""The background work of a running service, wired over its stores and services."""

import logging

from iotflow.background.housekeeping import clamp_future_times, count_outbox, delete_expired
from iotflow.background.jobs import AnonymizeAccount, DeleteAccount, PurgeDevices, ResolveAlerts
from iotflow.background.outbox_handlers import EventHandler, Handler, JobHandler
from iotflow.background.outbox_relay import OutboxRelay
from iotflow.background.supervisor import Supervisor
from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.outbox import OutboxTopic
from iotflow.metrics.sampling import sample_forever
from iotflow.repositories.stores import Stores
from iotflow.services.container import Services
from iotflow.services.presence import flush_presence

FLUSH_EVERY_S = 30
CLAMP_EVERY_S = 10.0
REPORT_ALERTS_EVERY_S = 2.0
DELETE_EXPIRED_EVERY_S = 3_600.0
COUNT_OUTBOX_EVERY_S = 5.0

logger = logging.getLogger(__name__)


def build_relay(stores: Stores, services: Services, clock: Clock) -> OutboxRelay:
    """Build the outbox relay with the handler of each topic."""
    purge = PurgeDevices(
        stores.telemetry,
        stores.latest,
        stores.presence,
        stores.activity,
        stores.metadata,
        stores.alerts,
        stores.rule_states,
    )
    handlers: dict[OutboxTopic, Handler] = {
        OutboxTopic.INVALIDATE_CACHES: JobHandler(services.invalidation.handle_message),
        OutboxTopic.EVENT: EventHandler(stores.events),
        OutboxTopic.ANONYMIZE_EVENTS: JobHandler(AnonymizeAccount(stores.events, stores.preferences).run_step),
        OutboxTopic.DELETE_ACCOUNT: JobHandler(DeleteAccount(stores.transactions, clock).run_step),
        OutboxTopic.PURGE_TELEMETRY: JobHandler(purge.run_step),
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

    async def expire() -> None:
        await delete_expired(stores.retention_sweepers, stores.transactions, clock)

    for consumer in build_relay(stores, services, clock).consumers:
        supervisor.run(f"outbox consumer {consumer.topic}", consumer.run)
    supervisor.repeat("flush of presence, uses of tokens and activity", flush, FLUSH_EVERY_S)
    supervisor.repeat("clamp of future times", clamp, CLAMP_EVERY_S)
    supervisor.repeat("report of alerts", services.alert_observer.report_waiting, REPORT_ALERTS_EVERY_S)
    supervisor.repeat("deletion of expired data", expire, DELETE_EXPIRED_EVERY_S)


def start_sampling(supervisor: Supervisor, stores: Stores) -> None:
    """Start the sampling of the metrics that are not counted."""

    async def count() -> None:
        await count_outbox(stores.transactions)

    supervisor.run("sampling of metrics", sample_forever)
    supervisor.repeat("count of the outbox", count, COUNT_OUTBOX_EVERY_S)


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
