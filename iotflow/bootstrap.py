"""Opens the stores that the settings name: the one module that knows which player plays which role.

A server's driver is imported only when a setting names that server: all together they would double the time of a start.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy.engine import make_url

from iotflow.backends import Backend, BackendError, Schema
from iotflow.clock import Clock, SystemClock
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
from iotflow.stores.cassandra.address import parse_address as parse_cassandra
from iotflow.stores.memory.counters import MemoryCounters
from iotflow.stores.memory.latest_cache import MemoryLatestCache
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.memory.principal_cache import MemoryPrincipalCache
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.mongo.address import parse_address as parse_mongo
from iotflow.stores.redis.address import parse_address as parse_redis
from iotflow.stores.sql import migrations
from iotflow.stores.sql.activity import SqlActivity, SqlActivitySweeper
from iotflow.stores.sql.dialect import Database, open_database
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions

if TYPE_CHECKING:
    from iotflow.stores.cassandra.connection import Cassandra
    from iotflow.stores.mongo.connection import Mongo
    from iotflow.stores.redis.cache import RedisCache

D = TypeVar("D", contravariant=True)

PRINCIPAL_LIFETIME_S = 30
"""How long a token or key that was looked up is believed without looking again, were no invalidation to arrive."""

ROLES = {
    "sql": "accounts, devices, configs, groups",
    "telemetry": "points, latest, aggregates",
    "documents": "events, activity",
    "cache": "keys, latest values, presence, limits",
}
"""The stores, and what each holds."""

ESSENTIAL = ("sql", "telemetry")
"""The stores without which the service is of no use."""


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
    """The stores of these settings, closed at the end of the block. Raises StoreUnavailable."""
    async with _connections(settings, clock) as connections, AsyncExitStack() as stack:
        sweepers: list[Sweeper] = []
        telemetry = await _telemetry(settings, clock, connections, stack, sweepers)
        events, activity = await _documents(settings, clock, connections, sweepers)
        if connections.redis is not None:
            connections.redis.start()
        cache = connections.redis or _MemoryCache(clock)
        yield Stores(
            transactions=SqlTransactions(connections.database),
            telemetry=telemetry,
            events=events,
            activity=activity,
            principals=cache.principals,
            latest=cache.latest,
            presence=cache.presence,
            rate_limiter=cache.rate_limiter,
            counters=cache.counters,
            sweepers=sweepers,
            probes=_probes(_backends(settings, connections)),
        )


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Sequence[Backend]]:
    """The databases of these settings, the SQL store's first, not connected yet; closed at the end of the block."""
    async with _connections(settings, SystemClock()) as connections:
        yield _backends(settings, connections)


def embedded_database(settings: Settings) -> Path | None:
    """The SQLite file of these settings; None where the SQL store is a server."""
    url = make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


@dataclass(frozen=True, slots=True)
class _Connections:
    """The databases that the settings name; None for a store that needs none of its own."""

    database: Database
    cassandra: "Cassandra | None"
    mongo: "Mongo | None"
    redis: "RedisCache | None"


@asynccontextmanager
async def _connections(settings: Settings, clock: Clock) -> AsyncIterator[_Connections]:
    async with AsyncExitStack() as stack:
        database = open_database(settings.database_url)
        stack.push_async_callback(database.close)
        cassandra, mongo, redis = None, None, None
        if settings.telemetry_url != "sql":
            from iotflow.stores.cassandra.connection import Cassandra

            cassandra = Cassandra(parse_cassandra(settings.telemetry_url))
            stack.push_async_callback(cassandra.close)
        if settings.documents_url != "sql":
            from iotflow.stores.mongo.connection import Mongo

            mongo = Mongo(parse_mongo(settings.documents_url), settings.mongo_driver)
            stack.push_async_callback(mongo.close)
        if settings.cache_url != "memory":
            from iotflow.stores.redis.cache import RedisCache

            redis = RedisCache(parse_redis(settings.cache_url), clock, PRINCIPAL_LIFETIME_S)
            stack.push_async_callback(redis.close)
        yield _Connections(database, cassandra, mongo, redis)


class _MemoryCache:
    """The players in the memory of this one process."""

    def __init__(self, clock: Clock) -> None:
        self.principals = MemoryPrincipalCache(clock, PRINCIPAL_LIFETIME_S)
        self.latest = MemoryLatestCache(clock)
        self.presence = MemoryPresence()
        self.rate_limiter = MemoryRateLimiter(clock)
        self.counters = MemoryCounters()


async def _telemetry(
    settings: Settings, clock: Clock, connections: _Connections, stack: AsyncExitStack, sweepers: list[Sweeper]
) -> TelemetryRepository:
    if connections.cassandra is not None:
        from iotflow.stores.cassandra.telemetry import CassandraTelemetry

        on_cassandra = CassandraTelemetry(connections.cassandra, clock, settings.retention_days)
        stack.push_async_callback(on_cassandra.close)
        return on_cassandra
    telemetry = SqlTelemetry(connections.database, clock, settings.retention_days)
    stack.push_async_callback(telemetry.close)
    sweepers.append(telemetry)
    return telemetry


async def _documents(
    settings: Settings, clock: Clock, connections: _Connections, sweepers: list[Sweeper]
) -> tuple[EventRepository, ActivityRepository]:
    if connections.mongo is not None:
        from iotflow.stores.mongo.activity import MongoActivity
        from iotflow.stores.mongo.events import MongoEvents

        await connections.mongo.connect()
        documents = MongoEvents(connections.mongo, clock, settings.event_retention_days)
        await documents.apply_retention()
        return documents, MongoActivity(connections.mongo)
    events = SqlEvents(connections.database, clock, settings.event_retention_days)
    sweepers += [events, SqlActivitySweeper(connections.database, clock)]
    return events, SqlActivity(connections.database)


def _backends(settings: Settings, connections: _Connections) -> list[Backend]:
    stores = ["sql"]
    servers: list[Backend] = []
    if connections.cassandra is not None:
        servers.append(_cassandra_backend(settings, connections.cassandra))
    else:
        stores.append("telemetry")
    if connections.mongo is not None:
        servers.append(_mongo_backend(connections.mongo))
    else:
        stores.append("documents")
    if connections.redis is not None:
        ping, connect = connections.redis.ping, connections.redis.connect
        servers.append(Backend("IOTFLOW_CACHE_URL", "redis", ["cache"], connect, ping))
    else:
        servers.append(Backend("IOTFLOW_CACHE_URL", "memory", ["cache"], _always_there, _always_there))
    return [_sql_backend(settings, connections.database, stores), *servers]


def _sql_backend(settings: Settings, database: Database, stores: Sequence[str]) -> Backend:
    return Backend(
        setting="IOTFLOW_DATABASE_URL",
        kind=make_url(settings.database_url).get_backend_name(),
        stores=stores,
        connect=database.connect,
        ping=database.ping,
        schema=_schema(migrations, database),
        embedded=embedded_database(settings) is not None,
    )


def _cassandra_backend(settings: Settings, cassandra: "Cassandra") -> Backend:
    from iotflow.stores.cassandra import migrations
    from iotflow.stores.cassandra.durability import durability_warnings
    from iotflow.stores.cassandra.retention import retention_error

    async def connect() -> None:
        if error := retention_error(settings.retention_days, SystemClock().now()):
            raise BackendError(f"IOTFLOW_RETENTION_DAYS: {error}")
        await cassandra.connect()

    return Backend(
        setting="IOTFLOW_TELEMETRY_URL",
        kind="cassandra",
        stores=["telemetry"],
        connect=connect,
        ping=cassandra.ping,
        schema=_schema(migrations, cassandra),
        risks=partial(durability_warnings, cassandra),
    )


def _mongo_backend(mongo: "Mongo") -> Backend:
    from iotflow.stores.mongo import migrations

    return Backend(
        setting="IOTFLOW_DOCUMENTS_URL",
        kind="mongodb",
        stores=["documents"],
        connect=mongo.connect,
        ping=mongo.ping,
        schema=_schema(migrations, mongo),
    )


class _Migrations(Protocol[D]):
    """What the module `migrations` of each kind of database holds."""

    def wanted_version(self) -> str: ...

    async def stored_version(self, database: D, /) -> str | None: ...

    def pending(self, stored: str | None) -> Sequence[str]: ...

    async def upgrade(self, database: D, /) -> None: ...


def _schema(migrations: _Migrations[D], database: D) -> Schema:
    return Schema(
        wanted=migrations.wanted_version(),
        stored=partial(migrations.stored_version, database),
        pending=migrations.pending,
        upgrade=partial(migrations.upgrade, database),
    )


async def _always_there() -> None:
    """The process's own memory is there."""


def _probes(backends: Sequence[Backend]) -> list[Probe]:
    found = {store: backend for backend in backends for store in backend.stores}
    return [
        Probe(store, role, found[store].kind, essential=store in ESSENTIAL, ping=found[store].ping)
        for store, role in ROLES.items()
    ]
