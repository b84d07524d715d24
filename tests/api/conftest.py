"""Fixtures: a service per test, and its clients."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from iotflow.services import device_activation
from iotflow.settings import Settings, load_settings
from tests.api.bad_input import Scenario
from tests.api.clients import (
    ADMIN,
    ApiClient,
    DeviceClient,
    UserClient,
    login,
    new_device,
    new_group,
    sign_up,
    submit,
)
from tests.api.service import Service, run_service, with_changes
from tests.clock import FakeClock
from tests.server_stack import ServerStack
from tests.stores import cassandra, postgres

PATIENCE_S = 15.0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the deadlines: parallel tests and servers on one machine are slower than one service."""
    postgres.raise_deadlines(monkeypatch)
    monkeypatch.setattr(device_activation, "ACTIVATION_DEADLINE_S", PATIENCE_S)
    cassandra.raise_deadlines(monkeypatch)
    monkeypatch.setattr("iotflow.stores.mongo.events.WRITE_TIMEOUT_S", PATIENCE_S)


@pytest.fixture(autouse=True)
def _pace_of_background_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll the outbox and the deliveries more often, since many tests wait for an event, and start no rare work."""
    monkeypatch.setattr("iotflow.background.supervisor.FIRST_RUN_AFTER_S", 3_600.0)
    for worker in ("outbox_relay", "deliveries"):
        monkeypatch.setattr(f"iotflow.background.{worker}.POLL_INTERVAL_S", 0.15)


@pytest.fixture
def embedded_settings(prepared_data: Path, tmp_path: Path) -> Settings:
    """Settings of migrated embedded stores with one administrator, for this test alone."""
    shutil.copytree(prepared_data, tmp_path / "data")
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture(params=["embedded", "servers"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of migrated stores with one administrator, for this test alone. Webhooks may reach this host."""
    return with_changes(_stores(request, tmp_path), webhook_allowed_networks="127.0.0.0/8")


def _stores(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "embedded":
        embedded: Settings = request.getfixturevalue("embedded_settings")
        return embedded
    server_stack: ServerStack = request.getfixturevalue("server_stack")
    asyncio.run(server_stack.restore(request.getfixturevalue("prepared_tables")))
    return server_stack.settings(tmp_path)


@pytest.fixture
async def service(settings: Settings, clock: FakeClock) -> AsyncIterator[Service]:
    async with run_service(settings, clock) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


@pytest.fixture
def anonymous(client: httpx.AsyncClient) -> ApiClient:
    """A client without credentials."""
    return ApiClient(client)


@pytest.fixture
async def admin(client: httpx.AsyncClient) -> UserClient:
    return await login(client, ADMIN)


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> UserClient:
    return await sign_up(client, "ada")


@pytest.fixture
async def bob(client: httpx.AsyncClient) -> UserClient:
    return await sign_up(client, "bob")


@pytest.fixture
async def device(ada: UserClient) -> DeviceClient:
    """A device that Ada owns."""
    return await new_device(ada)


@pytest.fixture
async def scenario(
    anonymous: ApiClient, admin: UserClient, ada: UserClient, device: DeviceClient
) -> AsyncIterator[Scenario]:
    """Callers and stored data; checks that the test has changed none of it."""
    scenario = Scenario(anonymous, admin, ada, device, await new_group(ada))
    await submit(device, at="2026-01-01T00:00:00Z", a=1)
    await scenario.snapshot()
    before = await scenario.snapshot()
    yield scenario
    assert await scenario.snapshot() == before


@pytest.fixture(autouse=True)
def _no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check that nothing was logged as an error."""
    yield
    logged = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    assert [record.getMessage() for record in logged if record.levelno >= logging.ERROR] == []
