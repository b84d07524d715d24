"""A service of the test's own, and who calls it."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from iotflow.administration import migrate
from iotflow.bootstrap import open_stores
from iotflow.services import ingest
from iotflow.services.accounts import Accounts
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings, load_settings
from iotflow.stores.sql import dialect, postgres
from tests.api.bad_input import World
from tests.api.people import ADMIN, PASSWORD, Caller, Person, Thing, join, login, new_device, new_group, submit
from tests.api.service import Service, running
from tests.clock import FakeClock
from tests.four import Four, Tables

PATIENCE_S = 15.0


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embedded stores with their schema and one administrator, to be copied: that is quicker than to migrate."""
    data_dir = tmp_path_factory.mktemp("prepared")
    asyncio.run(prepare(load_settings(data_dir=data_dir)))
    return data_dir


@pytest.fixture(scope="session")
def prepared_tables(four: Four, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What PostgreSQL holds with one administrator."""
    asyncio.run(four.restore({}))
    asyncio.run(prepare(four.settings(tmp_path_factory.mktemp("four"))))
    return asyncio.run(four.tables())


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is no deadline, and several tests at once with their servers are slower than one service."""
    monkeypatch.setattr(dialect, "POINT_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(ingest, "ACTIVATION_DEADLINE_S", PATIENCE_S)


@pytest.fixture
def embedded_settings(prepared_data: Path, tmp_path: Path) -> Settings:
    """Settings of embedded stores that are the test's own, with their schema and one administrator."""
    shutil.copytree(prepared_data, tmp_path / "data")
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture(params=["embedded", "four"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of stores that are the test's own, with their schemas and one administrator."""
    if request.param == "embedded":
        embedded: Settings = request.getfixturevalue("embedded_settings")
        return embedded
    four: Four = request.getfixturevalue("four")
    asyncio.run(four.restore(request.getfixturevalue("prepared_tables")))
    return four.settings(tmp_path)


@pytest.fixture
async def service(settings: Settings, clock: FakeClock) -> AsyncIterator[Service]:
    async with running(settings, clock) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


@pytest.fixture
def nobody(client: httpx.AsyncClient) -> Caller:
    """A caller without credentials."""
    return Caller(client)


@pytest.fixture
async def admin(client: httpx.AsyncClient) -> Person:
    return await login(client, ADMIN)


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await join(client, "ada")


@pytest.fixture
async def bob(client: httpx.AsyncClient) -> Person:
    return await join(client, "bob")


@pytest.fixture
async def probe(ada: Person) -> Thing:
    """A device of Ada's."""
    return await new_device(ada)


@pytest.fixture
async def world(nobody: Caller, admin: Person, ada: Person, probe: Thing) -> AsyncIterator[World]:
    """Whatever a test sends changes nothing."""
    world = World(nobody, admin, ada, probe, await new_group(ada))
    await submit(probe, at="2026-01-01T00:00:00Z", a=1)
    await world.picture()
    before = await world.picture()
    yield world
    assert await world.picture() == before


@pytest.fixture(autouse=True)
def _no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client sends, the service's log says nothing of an error."""
    yield
    logged = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    assert [record.getMessage() for record in logged if record.levelno >= logging.ERROR] == []


async def prepare(settings: Settings) -> None:
    """Bring stores to their schema and make the administrator."""
    await migrate(settings)
    clock, passwords = FakeClock(), Passwords()
    async with open_stores(settings, clock) as stores:
        throttle = LoginThrottle(stores.rate_limiter, settings.login_limits)
        accounts = Accounts(stores.transactions, stores.principals, throttle, passwords, clock)
        await accounts.register(ADMIN, f"{ADMIN}@example.org", PASSWORD, is_admin=True)
    passwords.close()
