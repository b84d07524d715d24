"""Fixtures of two workers on one SQL store, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from iotflow.composition import open_stores
from iotflow.settings import Settings, load_settings
from tests.clock import FakeClock
from tests.services.interleaving.workers import UnhashedPasswords, WorkerPair
from tests.stores.postgres import PostgresTables, delete_all_rows, raise_deadlines
from tests.stores.sql import SqlTables
from tests.stores.sqlite import SqliteTables


@pytest.fixture(params=["sqlite", "postgres"])
def shared_settings(request: pytest.FixtureRequest) -> Settings:
    """Settings that name the SQL store of both workers."""
    if request.param == "postgres":
        return load_settings(database_url=request.getfixturevalue("migrated_postgres"))
    settings: Settings = request.getfixturevalue("settings")
    return settings


@pytest.fixture
async def tables(shared_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SqlTables:
    url = shared_settings.database_url
    if url.startswith("sqlite"):
        return SqliteTables(shared_settings.data_dir / "iotflow.db")
    raise_deadlines(monkeypatch)
    await delete_all_rows(url)
    return PostgresTables(url)


@pytest.fixture
async def pair(shared_settings: Settings, tables: SqlTables, clock: FakeClock) -> AsyncIterator[WorkerPair]:
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(open_stores(shared_settings, clock)) for _ in range(2)]
        # Workers share one cache.
        second = replace(second, identity_cache=first.identity_cache, device_cache=first.device_cache)
        passwords = UnhashedPasswords()
        yield WorkerPair((first, second), clock, passwords, tables)
        passwords.close()
