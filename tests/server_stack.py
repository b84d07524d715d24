"""Databases on PostgreSQL, Cassandra, Redis and MongoDB, for tests that run embedded and on servers alike."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pymongo import MongoClient
from redis import Redis
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from iotflow.addresses import MongoAddress
from iotflow.cli.databases import migrate
from iotflow.settings import Settings, load_settings
from iotflow.stores.sql.tables import metadata
from iotflow.urls import parse_cassandra_url
from tests.stores.cassandra import drop_keyspace
from tests.stores.mongo import address_on
from tests.stores.postgres import create_database, delete_all_rows, drop_database

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table. Any: values of columns of all types."""


class ServerStack:
    """The databases of one test process on shared servers. No id is given in two tests."""

    def __init__(self, postgres: str, cassandra_server: str, redis_server: str, mongo: MongoAddress) -> None:
        self._name = f"iotflow_test_{secrets.token_hex(8)}"
        self._postgres = postgres
        self._cassandra = f"{cassandra_server}/{self._name}"
        self._redis = redis_server
        self._mongo = mongo

    @classmethod
    async def create(cls, postgres_url: str, cassandra_url: str, redis_url: str, mongodb_url: str) -> Self:
        """Create the databases and their schemas."""
        mongo = address_on(mongodb_url, f"iotflow_test_{secrets.token_hex(8)}")
        stack = cls(await create_database(postgres_url), cassandra_url, redis_url, mongo)
        await migrate(stack.settings(Path("data")))
        return stack

    async def remove(self) -> None:
        """Drop the databases."""
        self.clear_cache()
        with MongoClient[dict[str, Any]](self._mongo.url) as client:
            client.drop_database(self._mongo.database)
        await drop_keyspace(parse_cassandra_url(self._cassandra))
        await drop_database(self._postgres)

    def settings(self, data_dir: Path) -> Settings:
        """Return settings that name these databases."""
        values = {name.removeprefix("IOTFLOW_").lower(): value for name, value in self.environment().items()}
        return load_settings(data_dir=data_dir, **values)

    def environment(self) -> dict[str, str]:
        """Return the same settings as environment variables."""
        return {
            "IOTFLOW_DATABASE_URL": self._postgres,
            "IOTFLOW_TELEMETRY_URL": self._cassandra,
            "IOTFLOW_CACHE_URL": f"{self._redis}?prefix={self._name}",
            "IOTFLOW_DOCUMENTS_URL": self._mongo.url,
        }

    async def tables(self) -> Tables:
        """Return all rows of PostgreSQL."""
        engine = create_async_engine(self._postgres)
        async with engine.connect() as connection:
            held = {
                table.name: [row._asdict() for row in await connection.execute(select(table))]
                for table in metadata.sorted_tables
            }
        await engine.dispose()
        return held

    async def restore(self, tables: Tables) -> None:
        """Replace all rows of PostgreSQL by these, and empty the other databases as far as a test can see."""
        self.clear_cache()
        with MongoClient[dict[str, Any]](self._mongo.url) as client:
            for collection in ("events", "activity", "alerts"):
                client[self._mongo.database][collection].delete_many({})
        await delete_all_rows(self._postgres)
        engine = create_async_engine(self._postgres)
        async with engine.begin() as connection:
            for table in metadata.sorted_tables:
                if rows := tables.get(table.name):
                    await connection.execute(insert(table), list(rows))
        await engine.dispose()

    def clear_cache(self) -> None:
        """Remove all keys from Redis."""
        with Redis.from_url(self._redis) as redis:
            for key in redis.scan_iter(match=f"{self._name}*", count=1_000):
                redis.delete(key)
