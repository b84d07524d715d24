"""The composition root: opens the implementation of each interface that the settings select.

A server's store and its driver are imported only when a setting names that server (see `iotflow.databases`).
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from iotflow.clock import Clock
from iotflow.databases import CACHED_ACCESS_LIFETIME_S, Databases, DatabaseTarget, open_databases
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.events import EventRepository
from iotflow.repositories.retention import RetentionSweeper
from iotflow.repositories.stores import Probe, Stores
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.settings import Settings
from iotflow.stores.memory.cache import MemoryCache
from iotflow.stores.sql.activity import SqlActivity, SqlActivityRetention
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions

STORE_CONTENTS = {
    "sql": "accounts, devices, configs, groups",
    "telemetry": "points, latest, aggregates",
    "documents": "events, activity",
    "cache": "keys, latest values, presence, limits",
}
"""Each store with its contents, as health responses show them."""
REQUIRED_STORES = ("sql", "telemetry")
"""The stores without which the service is unhealthy. Without another one it is degraded."""

logger = logging.getLogger(__name__)


@asynccontextmanager
async def open_stores(settings: Settings, clock: Clock) -> AsyncIterator[Stores]:
    """Open the stores for a block. Raises StoreUnavailable."""
    async with open_databases(settings, clock) as databases, AsyncExitStack() as stack:
        retention_sweepers: list[RetentionSweeper] = []
        telemetry = await _telemetry(settings, clock, databases, stack, retention_sweepers)
        events, activity = await _documents(settings, clock, databases, retention_sweepers)
        if databases.redis is not None:
            databases.redis.start()
        cache = databases.redis or MemoryCache(clock, CACHED_ACCESS_LIFETIME_S)
        probes = _probes(databases.targets(settings))
        logger.debug("stores open: %s", " ".join(f"{probe.name}={probe.backend}" for probe in probes))
        yield Stores(
            transactions=SqlTransactions(databases.sql),
            telemetry=telemetry,
            events=events,
            activity=activity,
            identities=cache.identities,
            devices=cache.devices,
            latest=cache.latest,
            presence=cache.presence,
            rate_limiter=cache.rate_limiter,
            counters=cache.counters,
            idempotency_keys=cache.idempotency_keys,
            broker=cache.broker,
            retention_sweepers=retention_sweepers,
            probes=probes,
        )


async def _telemetry(
    settings: Settings,
    clock: Clock,
    databases: Databases,
    stack: AsyncExitStack,
    retention_sweepers: list[RetentionSweeper],
) -> TelemetryRepository:
    if databases.cassandra is not None:
        from iotflow.stores.cassandra.telemetry import CassandraTelemetry

        on_cassandra = CassandraTelemetry(databases.cassandra, clock, settings.retention_days)
        stack.push_async_callback(on_cassandra.close)
        return on_cassandra
    telemetry = SqlTelemetry(databases.sql, clock, settings.retention_days)
    stack.push_async_callback(telemetry.close)
    retention_sweepers.append(telemetry)
    return telemetry


async def _documents(
    settings: Settings, clock: Clock, databases: Databases, retention_sweepers: list[RetentionSweeper]
) -> tuple[EventRepository, ActivityRepository]:
    if databases.mongo is not None:
        from iotflow.stores.mongo.activity import MongoActivity
        from iotflow.stores.mongo.events import MongoEvents

        await databases.mongo.connect()
        documents = MongoEvents(databases.mongo, clock, settings.event_retention_days)
        await documents.apply_retention()
        return documents, MongoActivity(databases.mongo)
    events = SqlEvents(databases.sql, clock, settings.event_retention_days)
    retention_sweepers += [events, SqlActivityRetention(databases.sql, clock)]
    return events, SqlActivity(databases.sql)


def _probes(targets: Sequence[DatabaseTarget]) -> list[Probe]:
    by_store = {store: target for target in targets for store in target.stores}
    return [
        Probe(store, contents, by_store[store].kind, essential=store in REQUIRED_STORES, ping=by_store[store].ping)
        for store, contents in STORE_CONTENTS.items()
    ]
