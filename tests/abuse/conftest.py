"""Fixtures: services in separate processes, embedded and on servers."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from iotflow.clock import SystemClock
from iotflow.composition import open_stores
from iotflow.repositories.stores import Stores
from iotflow.settings import load_settings
from tests.abuse.rows import Rows
from tests.api.clients import ADMIN, DeviceClient, UserClient, login, new_device, sign_up
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack, Tables

Serve = Callable[..., ServiceProcess]
"""Starts a service with these environment variables and options of `iotflow serve`."""


@pytest.fixture
def embedded(prepared_data: Path, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service over embedded stores for this test, not yet started; it is killed after the test."""
    shutil.copytree(prepared_data, tmp_path / "data")
    service = ServiceProcess(tmp_path / "data", {"IOTFLOW_LOG_LEVEL": "warning"})
    yield service
    with suppress(RuntimeError):  # it has already ended
        service.kill()


@pytest.fixture
def on_servers(server_stack: ServerStack, prepared_tables: Tables, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service over the database servers, not yet started; it is killed after the test."""
    asyncio.run(server_stack.restore(prepared_tables))
    service = ServiceProcess(tmp_path / "data", {**server_stack.environment(), "IOTFLOW_LOG_LEVEL": "warning"})
    yield service
    with suppress(RuntimeError):  # it has already ended
        service.kill()


@pytest.fixture(params=["embedded", "servers"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """A function that starts a service with more settings, embedded and on servers."""
    started: list[ServiceProcess] = []
    stores: Mapping[str, str] = {}
    if request.param == "embedded":
        shutil.copytree(request.getfixturevalue("prepared_data"), tmp_path / "data")
    else:
        server_stack: ServerStack = request.getfixturevalue("server_stack")
        asyncio.run(server_stack.restore(request.getfixturevalue("prepared_tables")))
        stores = server_stack.environment()

    def start(env: Mapping[str, str], *options: str) -> ServiceProcess:
        environment = {**stores, "IOTFLOW_LOG_LEVEL": "warning", **env}
        started.append(ServiceProcess(tmp_path / "data", environment, options=options).start())
        return started[0]

    yield start
    for service in started:
        with suppress(RuntimeError):  # it has already ended
            service.kill()


@pytest.fixture(params=["embedded", "servers"])
def service(request: pytest.FixtureRequest) -> ServiceProcess:
    """A running service, embedded and on servers."""
    stopped: ServiceProcess = request.getfixturevalue("embedded" if request.param == "embedded" else "on_servers")
    return stopped.start()


@pytest.fixture
def rows(service: ServiceProcess, request: pytest.FixtureRequest) -> Rows:
    """The SQL store of the running service."""
    if "embedded" in request.node.callspec.params.values():
        return Rows.embedded(service.data_dir)
    server_stack: ServerStack = request.getfixturevalue("server_stack")
    return Rows(server_stack.environment()["IOTFLOW_DATABASE_URL"])


@pytest.fixture
async def client(service: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service; the service must not log a traceback."""
    async with httpx.AsyncClient(base_url=f"{service.base_url}/api/v1", timeout=60.0, trust_env=False) as client:
        yield client
    assert "Traceback" not in service.log()


@pytest.fixture
async def embedded_client(embedded: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running service on embedded stores."""
    url = f"{embedded.start().base_url}/api/v1"
    async with httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False) as client:
        yield client


@pytest.fixture
async def admin(client: httpx.AsyncClient) -> UserClient:
    return await login(client, ADMIN)


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> UserClient:
    return await sign_up(client, "ada")


@pytest.fixture
async def device(ada: UserClient) -> DeviceClient:
    """A device that Ada owns."""
    return await new_device(ada)


@pytest.fixture
async def stores(request: pytest.FixtureRequest, service: ServiceProcess, tmp_path: Path) -> AsyncIterator[Stores]:
    """The service's stores, opened by the test to fill them."""
    if request.node.callspec.params["service"] == "servers":
        server_stack: ServerStack = request.getfixturevalue("server_stack")
        settings = server_stack.settings(tmp_path)
    else:
        settings = load_settings(data_dir=service.data_dir)
    async with open_stores(settings, SystemClock()) as stores:
        yield stores
