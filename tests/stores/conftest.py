"""What the players' tests share."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotflow.stores.sql.dialect import open_database
from iotflow.stores.sql.migrations import upgrade
from tests.stores.postgres import drop_database, migrated_database


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


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """A database of PostgreSQL with the wanted schema, of this test worker alone."""
    url = asyncio.run(migrated_database(postgres_url))
    yield url
    asyncio.run(drop_database(url))
