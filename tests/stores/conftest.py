"""What the players' tests share."""

import asyncio
from pathlib import Path

import pytest

from iotflow.stores.sql.dialect import open_database
from iotflow.stores.sql.migrations import upgrade
from tests.stores.cassandra import cassandra_keyspace

__all__ = ["cassandra_keyspace"]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the wanted schema and nothing in it, made once and to be copied."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"

    async def migrate() -> None:
        database = open_database(f"sqlite+aiosqlite:///{path}")
        await upgrade(database)
        await database.close()

    asyncio.run(migrate())
    return path
