"""The databases that the settings name: opened, checked for reachability, brought to their schema versions.

A server's driver is imported only when a setting names that server: all of them would double the time of a start.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.engine import make_url

from iotflow.clock import Clock, SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.settings import Settings
from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import Database
from iotflow.urls import parse_cassandra_url, parse_mongo_url, parse_redis_url

if TYPE_CHECKING:
    from iotflow.stores.cassandra.session import Cassandra
    from iotflow.stores.mongo.connection import Mongo
    from iotflow.stores.redis.cache import RedisCache

RETRY_AFTER_S = 0.5
"""Pause between two attempts to reach a database."""
CACHED_ACCESS_LIFETIME_S = 30
"""Lifetime of a cached token, key or device, in seconds: the bound on staleness if no invalidation arrives."""

logger = logging.getLogger(__name__)


class DatabaseError(Exception):
    """A database is unavailable or has another schema; the message: setting, problem, and remedy."""


class SchemaVersion(Protocol):
    """The schema of one database. Methods that query the database raise StoreUnavailable."""

    @property
    def wanted(self) -> str:
        """The version that this code needs."""
        ...

    async def stored(self) -> str | None:
        """Return the version of the database, None before the first migration."""
        ...

    def pending(self, stored: str | None) -> Sequence[str]:
        """Return the steps of `upgrade` for a database of this version, oldest first."""
        ...

    async def conversion(self, stored: str | None) -> str | None:
        """Return the data that `upgrade` will convert in a database of this version; None for nothing."""
        ...

    async def upgrade(self) -> None:
        """Bring the database to the wanted version. Several processes may call it at once."""
        ...


async def _no_risks() -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """A database, the setting that names it, and the stores it holds.

    `connect` and `ping` raise StoreUnavailable with a reason of one line. `embedded`: one service owns it and migrates
    it at the start. `risks` returns the database's own settings that endanger data.
    """

    setting: str
    kind: str
    stores: Sequence[str]
    connect: Callable[[], Awaitable[None]]
    ping: Callable[[], Awaitable[None]]
    schema: SchemaVersion | None = None
    embedded: bool = False
    risks: Callable[[], Awaitable[Sequence[str]]] = _no_risks

    async def wait_until_reachable(self, until_s: float = 0) -> None:
        """Connect, retrying until this time of `time.monotonic`. Raises DatabaseError."""
        while True:
            try:
                await self.connect()
            except StoreUnavailable as error:
                if time.monotonic() >= until_s:
                    raise self.error(error) from error
                logger.debug("%s: unavailable: %s; retry in %.1f s", self.setting, error, RETRY_AFTER_S)
                await asyncio.sleep(RETRY_AFTER_S)
            else:
                return

    async def ensure_schema(self, until_s: float = 0) -> None:
        """Connect, then upgrade the schema of an embedded database and check that of a server. Raises DatabaseError."""
        await self.wait_until_reachable(until_s)
        if self.schema is None:
            return
        try:
            if self.embedded:
                await self.schema.upgrade()
                return
            stored = await self.schema.stored()
        except StoreUnavailable as error:
            raise self.error(error) from error
        logger.debug("%s: schema stored=%s wanted=%s", self.setting, stored, self.schema.wanted)
        if stored != self.schema.wanted:
            raise DatabaseError(
                f"{self.setting}: the schema is {stored or 'missing'}, expected {self.schema.wanted}: "
                "run `iotflow migrate`"
            )

    async def warnings(self) -> list[str]:
        """Return the database's risks, each with the name of the setting."""
        return [f"{self.setting}: {risk}" for risk in await self.risks()]

    def error(self, error: StoreUnavailable) -> DatabaseError:
        """Return the error with the name of the setting."""
        return DatabaseError(f"{self.setting}: the {self.stores[0]} store is unavailable: {error}")


@dataclass(frozen=True, slots=True)
class Databases:
    """The open databases; None for a server that no setting names."""

    sql: Database
    cassandra: "Cassandra | None"
    mongo: "Mongo | None"
    redis: "RedisCache | None"

    def targets(self, settings: Settings) -> list[DatabaseTarget]:
        """Return the databases as targets, the SQL store's first."""
        servers = []
        sql_stores = ["sql"]
        if self.cassandra is not None:
            servers.append(_cassandra_target(settings, self.cassandra))
        else:
            sql_stores.append("telemetry")
        if self.mongo is not None:
            servers.append(_mongo_target(self.mongo))
        else:
            sql_stores.append("documents")
        if self.redis is not None:
            servers.append(DatabaseTarget("IOTFLOW_CACHE_URL", "redis", ["cache"], self.redis.connect, self.redis.ping))
        else:
            servers.append(DatabaseTarget("IOTFLOW_CACHE_URL", "memory", ["cache"], _reach_memory, _reach_memory))
        return [_sql_target(settings, self.sql, sql_stores), *servers]


@asynccontextmanager
async def open_databases(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Databases]:
    """Open the databases, without a connection yet; close them at the end of the block."""
    async with AsyncExitStack() as stack:
        sql = open_database(settings.database_url)
        stack.push_async_callback(sql.close)
        cassandra, mongo, redis = None, None, None
        if settings.telemetry_url != "sql":
            from iotflow.stores.cassandra.session import Cassandra

            cassandra = Cassandra(parse_cassandra_url(settings.telemetry_url))
            stack.push_async_callback(cassandra.close)
        if settings.documents_url != "sql":
            from iotflow.stores.mongo.connection import Mongo

            mongo = Mongo(parse_mongo_url(settings.documents_url), settings.mongo_driver)
            stack.push_async_callback(mongo.close)
        if settings.cache_url != "memory":
            from iotflow.stores.redis.cache import RedisCache

            redis = RedisCache(parse_redis_url(settings.cache_url), clock or SystemClock(), CACHED_ACCESS_LIFETIME_S)
            stack.push_async_callback(redis.close)
        yield Databases(sql, cassandra, mongo, redis)


def embedded_database(settings: Settings) -> Path | None:
    """Return the SQLite file of these settings; None when the SQL store is a server."""
    url = make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _sql_target(settings: Settings, database: Database, stores: Sequence[str]) -> DatabaseTarget:
    from iotflow.stores.sql.migrations import SqlSchema

    return DatabaseTarget(
        setting="IOTFLOW_DATABASE_URL",
        kind=make_url(settings.database_url).get_backend_name(),
        stores=stores,
        connect=database.connect,
        ping=database.ping,
        schema=SqlSchema(database),
        embedded=embedded_database(settings) is not None,
    )


def _cassandra_target(settings: Settings, cassandra: "Cassandra") -> DatabaseTarget:
    from iotflow.stores.cassandra.encoding import retention_error
    from iotflow.stores.cassandra.migrations import CassandraSchema, durability_warnings

    async def connect() -> None:
        if error := retention_error(settings.retention_days, SystemClock().now()):
            raise DatabaseError(f"IOTFLOW_RETENTION_DAYS: {error}")
        await cassandra.connect()

    return DatabaseTarget(
        setting="IOTFLOW_TELEMETRY_URL",
        kind="cassandra",
        stores=["telemetry"],
        connect=connect,
        ping=cassandra.ping,
        schema=CassandraSchema(cassandra),
        risks=partial(durability_warnings, cassandra),
    )


def _mongo_target(mongo: "Mongo") -> DatabaseTarget:
    from iotflow.stores.mongo.migrations import MongoSchema

    return DatabaseTarget(
        setting="IOTFLOW_DOCUMENTS_URL",
        kind="mongodb",
        stores=["documents"],
        connect=mongo.connect,
        ping=mongo.ping,
        schema=MongoSchema(mongo),
    )


async def _reach_memory() -> None:
    """The process's own memory is always reachable."""
