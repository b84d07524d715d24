"""What the services' tests share."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from iotflow.administration import migrate
from iotflow.bootstrap import Stores, open_stores
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings, load_settings
from tests.clock import FakeClock
from tests.services.house import House, Resident, furnish, new_resident
from tests.stores.sqlite import SqliteTables


@pytest.fixture(scope="session")
def migrated_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embedded stores with their schema, to be copied: that is quicker than to migrate."""
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
def house(stores: Stores, clock: FakeClock, passwords: Passwords) -> House:
    return furnish(stores, clock, passwords)


@pytest.fixture
async def ada(house: House) -> Resident:
    return await new_resident(house, "ada")


@pytest.fixture
async def root(house: House) -> Resident:
    return await new_resident(house, "root", is_admin=True)


@pytest.fixture
def tables(settings: Settings) -> SqliteTables:
    """The file as sqlite3 alone reads it."""
    return SqliteTables(settings.data_dir / "iotflow.db")
