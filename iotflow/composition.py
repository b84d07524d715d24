"""The composition root: opens the implementation of each interface that the settings select.

A server's store and its driver are imported only when a setting names that server (see `iotflow.databases`).
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from iotflow.clock import Clock
from iotflow.databases import CACHED_ACCESS_LIFETIME_S, Databases, DatabaseTarget, embedded_database, open_databases
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.alerts import AlertRepository
from iotflow.repositories.events import EventRepository
from iotflow.repositories.metadata import MetadataRepository
from iotflow.repositories.preferences import PreferencesRepository
from iotflow.repositories.reports import ReportRepository
from iotflow.repositories.retention import RetentionSweeper
from iotflow.repositories.stores import Probe, Stores
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.settings import Settings
from iotflow.store_calls import instrument_stores
from iotflow.stores.memory.cache import MemoryCache
from iotflow.stores.sql.activity import SqlActivity, SqlActivityRetention
from iotflow.stores.sql.alerts import SqlAlerts
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.metadata import SqlMetadata
from iotflow.stores.sql.preferences import SqlPreferences
from iotflow.stores.sql.reports import SqlReports
from iotflow.stores.sql.sealing import DaySealer
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions

STORE_CONTENTS = {
    "sql": "accounts, devices, configs, groups, alert rules",
    "telemetry": "points, latest, aggregates",
    "documents": "events, activity, alerts, reports, metadata, preferences",
    "cache": "keys, latest values, presence, limits",
}
"""Each store with its contents, as health responses show them."""
REQUIRED_STORES = ("sql", "telemetry")
"""The stores without which the service is unhealthy. Without another one it is degraded."""

logger = logging.getLogger(__name__)


class _Documents(NamedTuple):
    """The implementations of the documents' interfaces."""

    events: EventRepository
    activity: ActivityRepository
    alerts: AlertRepository
    metadata: MetadataRepository
    preferences: PreferencesRepository
    reports: ReportRepository


@asynccontextmanager
async def open_stores(settings: Settings, clock: Clock) -> AsyncIterator[Stores]:
    """Open the stores for a block. Raises StoreUnavailable."""
    async with open_databases(settings, clock) as databases, AsyncExitStack() as stack:
        retention_sweepers: list[RetentionSweeper] = []
        telemetry = await _telemetry(settings, clock, databases, stack, retention_sweepers)
        documents = await _documents(settings, clock, databases, retention_sweepers)
        if databases.redis is not None:
            databases.redis.start()
        cache = databases.redis or MemoryCache(clock, CACHED_ACCESS_LIFETIME_S)
        probes = _probes(databases.targets(settings))
        logger.debug("stores open: %s", " ".join(f"{probe.name}={probe.backend}" for probe in probes))
        stores = Stores(
            is_shared=embedded_database(settings) is None,
            transactions=SqlTransactions(databases.sql),
            telemetry=telemetry,
            events=documents.events,
            activity=documents.activity,
            alerts=documents.alerts,
            metadata=documents.metadata,
            preferences=documents.preferences,
            reports=documents.reports,
            identity_cache=cache.identity_cache,
            device_cache=cache.device_cache,
            rule_cache=cache.rule_cache,
            rule_states=cache.rule_states,
            latest_cache=cache.latest_cache,
            presence=cache.presence,
            rate_limiter=cache.rate_limiter,
            counters=cache.counters,
            idempotency_keys=cache.idempotency_keys,
            broker=cache.broker,
            live_events=cache.live_events,
            retention_sweepers=retention_sweepers,
            sealer=None if databases.cassandra is not None else DaySealer(databases.sql, clock),
            probes=probes,
        )
        yield instrument_stores(stores, instrument_cache=databases.redis is not None)


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
) -> _Documents:
    if databases.mongo is not None:
        from iotflow.stores.mongo.activity import MongoActivity
        from iotflow.stores.mongo.alerts import MongoAlerts
        from iotflow.stores.mongo.events import MongoEvents
        from iotflow.stores.mongo.metadata import MongoMetadata
        from iotflow.stores.mongo.preferences import MongoPreferences
        from iotflow.stores.mongo.reports import MongoReports

        events_on_mongo = MongoEvents(databases.mongo, clock, settings.event_retention_days)
        alerts_on_mongo = MongoAlerts(databases.mongo, clock, settings.event_retention_days)
        reports_on_mongo = MongoReports(databases.mongo, clock, settings.event_retention_days)
        try:
            await databases.mongo.connect()
        except StoreUnavailable as error:
            # The failed start of a worker that replaces another one would stop all workers.
            logger.warning("documents: unavailable at the start: %s; the retention is that of the last start", error)
        else:
            await events_on_mongo.apply_retention()
            await alerts_on_mongo.apply_retention()
            await reports_on_mongo.apply_retention()
        return _Documents(
            events_on_mongo,
            MongoActivity(databases.mongo),
            alerts_on_mongo,
            MongoMetadata(databases.mongo),
            MongoPreferences(databases.mongo),
            reports_on_mongo,
        )
    events = SqlEvents(databases.sql, clock, settings.event_retention_days)
    alerts = SqlAlerts(databases.sql, clock, settings.event_retention_days)
    reports = SqlReports(databases.sql, clock, settings.event_retention_days)
    retention_sweepers += [events, SqlActivityRetention(databases.sql, clock), alerts, reports]
    return _Documents(
        events, SqlActivity(databases.sql), alerts, SqlMetadata(databases.sql), SqlPreferences(databases.sql), reports
    )


def _probes(targets: Sequence[DatabaseTarget]) -> list[Probe]:
    by_store = {store: target for target in targets for store in target.stores}
    return [
        Probe(store, contents, by_store[store].kind, essential=store in REQUIRED_STORES, ping=by_store[store].ping)
        for store, contents in STORE_CONTENTS.items()
    ]
