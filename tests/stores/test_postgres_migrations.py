"""The SQL schema on PostgreSQL: its revisions, concurrent migrations, and comparison with the tables of the code."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.migrations import (
    downgrade_connection,
    stored_version,
    upgrade,
    upgrade_connection,
    wanted_version,
)
from iotflow.stores.sql.tables import metadata
from tests.stores.former_points import check_conversion
from tests.stores.postgres import PostgresTables, new_database, raise_deadlines
from tests.stores.test_sqlite_migrations import revisions
from tests.stores.waiting_purges import check_waiting_purges

COLUMNS = """
    SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
        pg_get_expr(d.adbin, d.adrelid), col.collname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation col ON col.oid = a.attcollation
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
CONSTRAINTS = """
    SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
"""


@pytest.fixture
async def url(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A database without a schema."""
    raise_deadlines(monkeypatch)
    async with new_database(postgres_url) as url:
        yield url


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    yield database
    await database.close()


async def schema(url: str) -> dict[str, list[Any]]:
    """Return all columns, indexes and constraints by name."""
    tables = PostgresTables(url)
    rows = [list(row.values()) for sql in (COLUMNS, INDEXES, CONSTRAINTS) for row in await tables.query(sql)]
    return {name: rest for name, *rest in rows if "alembic_version" not in name}


async def test_concurrent_migrations_all_succeed(url: str) -> None:
    databases = [open_database(url) for _ in range(4)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(upgrade(database) for database in databases))
    assert [await stored_version(database) for database in databases] == [wanted_version()] * 4
    for database in databases:
        await database.close()


async def test_waiting_purges_are_converted_to_the_current_payload(database: Database) -> None:
    await check_waiting_purges(database)


async def test_points_are_converted_to_records_despite_interruptions(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_conversion(database, PostgresTables(url), monkeypatch)


async def test_models_and_migrations_agree(database: Database, url: str, postgres_url: str) -> None:
    await upgrade(database)

    def differences(connection: Connection) -> list[Any]:  # Any: Alembic's own notation
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), metadata)
        return found

    async with database.migration() as connection:
        assert await connection.run_sync(differences) == []
    # Alembic compares neither collations nor conditions nor what a foreign key does on deletion.
    async with new_database(postgres_url) as modelled:
        models = open_database(modelled)
        async with models.migration() as connection:
            await connection.run_sync(metadata.create_all)
        await models.close()
        assert await schema(url) == await schema(modelled)


async def test_each_revision_upgrades_downgrades_and_upgrades_again(database: Database, url: str) -> None:
    before = "base"
    for revision in revisions():
        old = await schema(url)
        async with database.migration() as connection:
            await upgrade_connection(connection, revision)
        new = await schema(url)
        assert await stored_version(database) == revision
        assert new != old
        async with database.migration() as connection:
            await downgrade_connection(connection, before)
        assert await schema(url) == old
        async with database.migration() as connection:
            await upgrade_connection(connection, revision)
        assert await schema(url) == new
        before = revision


async def test_a_failed_upgrade_leaves_the_database_unchanged(database: Database, url: str) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql("CREATE TABLE users (in_the_way INTEGER)")
    before = await schema(url)
    with pytest.raises(StoreUnavailable, match="users"):
        await upgrade(database)
    assert await schema(url) == before
    assert await stored_version(database) is None


async def test_a_database_without_a_schema_makes_the_store_unavailable(database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT 1 FROM users")
