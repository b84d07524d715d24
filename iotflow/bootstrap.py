"""Opens the stores that the settings name: the one module that knows which player plays which role."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url

from iotflow.backends import Backend, Schema
from iotflow.clock import Clock
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.counters import Counters
from iotflow.repositories.events import EventRepository
from iotflow.repositories.latest_cache import LatestCache
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.rate_limits import RateLimiter
from iotflow.repositories.sweeper import Sweeper
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.health import Probe
from iotflow.settings import Settings
from iotflow.stores.memory.counters import MemoryCounters
from iotflow.stores.memory.latest_cache import MemoryLatestCache
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.memory.principal_cache import MemoryPrincipalCache
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.sql import migrations
from iotflow.stores.sql.activity import SqlActivity
from iotflow.stores.sql.dialect import Database, open_database
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions

PRINCIPAL_LIFETIME_S = 30
"""How long a token or key that was looked up is believed without looking again, were no invalidation to arrive."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The roles and who plays them."""

    transactions: Transactions
    telemetry: TelemetryRepository
    events: EventRepository
    activity: ActivityRepository
    principals: PrincipalCache
    latest: LatestCache
    presence: PresenceRepository
    rate_limiter: RateLimiter
    counters: Counters
    sweepers: Sequence[Sweeper]
    probes: Sequence[Probe]


@asynccontextmanager
async def open_stores(settings: Settings, clock: Clock) -> AsyncIterator[Stores]:
    """The stores of these settings, closed at the end of the block; they connect when first used."""
    database = open_database(settings.database_url)
    telemetry = SqlTelemetry(database, clock, settings.retention_days)
    events = SqlEvents(database, clock, settings.event_retention_days)
    try:
        yield Stores(
            transactions=SqlTransactions(database),
            telemetry=telemetry,
            events=events,
            activity=SqlActivity(database),
            principals=MemoryPrincipalCache(clock, PRINCIPAL_LIFETIME_S),
            latest=MemoryLatestCache(clock),
            presence=MemoryPresence(),
            rate_limiter=MemoryRateLimiter(clock),
            counters=MemoryCounters(),
            sweepers=[telemetry, events],
            probes=_probes(database, settings),
        )
        await telemetry.close()
    finally:
        await database.close()


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Sequence[Backend]]:
    """The databases of these settings, not connected yet; closed at the end of the block."""
    database = open_database(settings.database_url)
    try:
        yield [_sql_backend(database, settings), MEMORY]
    finally:
        await database.close()


def embedded_database(settings: Settings) -> Path | None:
    """The SQLite file of these settings; None where the SQL store is a server."""
    url = make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _sql_backend(database: Database, settings: Settings) -> Backend:
    return Backend(
        setting="IOTFLOW_DATABASE_URL",
        kind=make_url(settings.database_url).get_backend_name(),
        stores=["sql", "telemetry", "documents"],
        connect=database.ping,
        ping=database.ping,
        schema=Schema(
            wanted=migrations.wanted_revision(),
            stored=partial(migrations.stored_revision, database),
            pending=migrations.pending,
            upgrade=partial(migrations.upgrade, database),
        ),
        embedded=embedded_database(settings) is not None,
    )


async def _always_there() -> None:
    """The process's own memory is there."""


MEMORY = Backend(
    setting="IOTFLOW_CACHE_URL", kind="memory", stores=["cache"], connect=_always_there, ping=_always_there
)


def _probes(database: Database, settings: Settings) -> list[Probe]:
    backend = make_url(settings.database_url).get_backend_name()
    return [
        Probe("sql", "accounts, devices, configs, groups", backend, essential=True, ping=database.ping),
        Probe("telemetry", "points, latest, aggregates", backend, essential=True, ping=database.ping),
        Probe("documents", "events, activity", backend, essential=False, ping=database.ping),
        Probe("cache", "keys, latest values, presence, limits", "memory", essential=False, ping=_always_there),
    ]
