"""Fixtures of the tests of services."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from iotflow.cli.databases import migrate
from iotflow.composition import open_stores
from iotflow.repositories.stores import Stores
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings, load_settings
from tests.clock import FakeClock
from tests.services.harness import ServiceHarness, SignedInUser, build_harness, register_user
from tests.stores.sqlite import SqliteTables


@pytest.fixture(scope="session")
def migrated_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the files of embedded stores with their schema once; tests copy them, which is faster than migrating."""
    data_dir = tmp_path_factory.mktemp("migrated")
    asyncio.run(migrate(load_settings(data_dir=data_dir)))
    return data_dir


@pytest.fixture
def settings(migrated_data: Path, tmp_path: Path) -> Settings:
    shutil.copytree(migrated_data, tmp_path / "data")
    return load_settings(data_dir=tmp_path / "data", retention_days=90, event_retention_days=365)


@pytest.fixture
async def stores(settings: Settings, clock: FakeClock) -> AsyncIterator[Stores]:
    async with open_stores(settings, clock) as stores:
        yield stores


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.fixture
def harness(stores: Stores, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
    return build_harness(stores, clock, passwords)


@pytest.fixture
async def ada(harness: ServiceHarness) -> SignedInUser:
    return await register_user(harness, "ada")


@pytest.fixture
async def root(harness: ServiceHarness) -> SignedInUser:
    return await register_user(harness, "root", is_admin=True)


@pytest.fixture
def tables(settings: Settings) -> SqliteTables:
    """The tables of the SQLite file, read through sqlite3 directly."""
    return SqliteTables(settings.data_dir / "iotflow.db")
