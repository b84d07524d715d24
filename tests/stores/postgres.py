"""Fixtures for PostgreSQL: an empty migrated database, and a connection beside the implementation's."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # the driver has no types
import pytest
from sqlalchemy.engine import URL, make_url

from iotflow.stores.sql import open_database, postgres
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.migrations import upgrade
from iotflow.stores.sql.tables import metadata
from tests.contracts.raw import RawRow

# Names must sort and compare as on SQLite, whatever the locale of the database.
LOCALE = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"

PATIENCE_S = 8.0


class OnPostgres:
    """Makes a suite run on PostgreSQL."""

    @pytest.fixture
    async def url(self, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch) -> str:
        raise_deadlines(monkeypatch)
        await delete_all_rows(migrated_postgres)
        return migrated_postgres

    @pytest.fixture
    async def database(self, url: str) -> AsyncIterator[Database]:
        database = open_database(url)
        yield database
        await database.close()

    @pytest.fixture
    def tables(self, url: str) -> "PostgresTables":
        return PostgresTables(url)


def raise_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the deadlines, so that tests of other things pass on a busy machine."""
    monkeypatch.setattr("iotflow.stores.sql.database.SHORT_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT_S", PATIENCE_S)


class PostgresTables:
    """Implementation of `SqlTables`: the database as asyncpg alone reads it."""

    boolean: type = bool

    def __init__(self, url: str) -> None:
        self._url = url

    async def rows(self, table: str, device_id: int | None = None) -> list[RawRow]:
        if device_id is None:
            return await self.query(f"SELECT * FROM {table}")
        return await self.query(f"SELECT * FROM {table} WHERE device_id = $1", device_id)

    async def count(self, table: str) -> int:
        (row,) = await self.query(f"SELECT count(*) AS rows FROM {table}")
        return int(row["rows"])

    async def query(self, sql: str, *parameters: object) -> list[RawRow]:
        async with connected(self._url) as connection:
            return [dict(row) for row in await connection.fetch(sql, *parameters)]


async def migrated_database(server: str) -> str:
    """Create a database with the required schema and return its URL."""
    url = await create_database(server)
    database = open_database(url)
    await upgrade(database)
    await database.close()
    return url


async def delete_all_rows(url: str) -> None:
    """Delete all rows, which is much faster than creating a database for each test."""
    async with connected(url) as connection:
        await connection.execute("; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)))


@asynccontextmanager
async def new_database(server: str) -> AsyncIterator[str]:
    """Create a database without a schema on this server for the block, and yield its URL."""
    url = await create_database(server)
    try:
        yield url
    finally:
        await drop_database(url)


async def create_database(server: str) -> str:
    name = f"iotflow_test_{secrets.token_hex(8)}"
    async with connected(_maintenance(server)) as connection:
        await connection.execute(f"CREATE DATABASE {name} {LOCALE}")
    return make_url(server).set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)


async def drop_database(url: str) -> None:
    async with connected(_maintenance(url)) as connection:
        await connection.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:  # Any: asyncpg has no types
    """A connection beside those of the implementations."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


def _maintenance(url: str) -> str:
    # A database can be dropped only by a session of another database.
    parsed: URL = make_url(url)
    return parsed.set(database="postgres").render_as_string(hide_password=False)
