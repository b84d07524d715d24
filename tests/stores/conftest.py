"""Fixtures of the tests of implementations."""

import asyncio
from pathlib import Path

import pytest

from iotflow.stores.sql import open_database
from iotflow.stores.sql.migrations import upgrade
from tests.stores.cassandra import cassandra_keyspace

__all__ = ["cassandra_keyspace"]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create an empty SQLite file with the required schema, once; tests copy it."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"

    async def migrate() -> None:
        database = open_database(f"sqlite+aiosqlite:///{path}")
        await upgrade(database)
        await database.close()

    asyncio.run(migrate())
    return path
