"""What the players' tests share."""

import asyncio
import os
from pathlib import Path

import pytest

from iotflow.stores.sql.dialect import open_database
from iotflow.stores.sql.migrations import upgrade


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
def mongodb_url() -> str:
    """A server of MongoDB, and a user who may do everything there."""
    url = os.environ.get("IOTFLOW_TEST_MONGODB_URL")
    if url is None:
        pytest.skip("IOTFLOW_TEST_MONGODB_URL names no server")
    return url
