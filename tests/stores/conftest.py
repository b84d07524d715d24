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
def redis_url() -> str:
    """A Redis; others use its database too."""
    url = os.environ.get("IOTFLOW_TEST_REDIS_URL")
    if url is None:
        message = "no server: IOTFLOW_TEST_REDIS_URL names none"
        if os.environ.get("IOTFLOW_REQUIRE_STORES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return url
