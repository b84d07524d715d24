"""Services under attack, in processes of their own."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from iotflow.settings import load_settings
from tests.api.conftest import prepare
from tests.api.people import ADMIN, Person, Thing, join, login, new_device
from tests.four import Four, Tables
from tests.processes import ServiceProcess

Serve = Callable[..., ServiceProcess]
"""Takes settings as environment variables, and options of `iotflow serve`."""


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embedded stores with their schema and one administrator, to be copied."""
    data_dir = tmp_path_factory.mktemp("prepared")
    asyncio.run(prepare(load_settings(data_dir=data_dir)))
    return data_dir


@pytest.fixture(scope="session")
def prepared_tables(four: Four, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What PostgreSQL holds with one administrator."""
    asyncio.run(four.restore({}))
    asyncio.run(prepare(four.settings(tmp_path_factory.mktemp("four"))))
    return asyncio.run(four.tables())


@pytest.fixture
def embedded(prepared_data: Path, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service over embedded stores of the test's own, not yet started; its process ends with the test."""
    shutil.copytree(prepared_data, tmp_path / "data")
    service = ServiceProcess(tmp_path / "data", {"IOTFLOW_LOG_LEVEL": "warning"})
    yield service
    with suppress(RuntimeError):  # it runs no more
        service.kill()


@pytest.fixture
def on_four(four: Four, prepared_tables: Tables, tmp_path: Path) -> Iterator[ServiceProcess]:
    """The same over the four servers."""
    asyncio.run(four.restore(prepared_tables))
    service = ServiceProcess(tmp_path / "data", {**four.environment(), "IOTFLOW_LOG_LEVEL": "warning"})
    yield service
    with suppress(RuntimeError):  # it runs no more
        service.kill()


@pytest.fixture(params=["embedded", "four"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """Starts a service with more settings, embedded and on the four servers; its process ends with the test."""
    started: list[ServiceProcess] = []
    stores: Mapping[str, str] = {}
    if request.param == "embedded":
        shutil.copytree(request.getfixturevalue("prepared_data"), tmp_path / "data")
    else:
        four: Four = request.getfixturevalue("four")
        asyncio.run(four.restore(request.getfixturevalue("prepared_tables")))
        stores = four.environment()

    def start(env: Mapping[str, str], *options: str) -> ServiceProcess:
        environment = {**stores, "IOTFLOW_LOG_LEVEL": "warning", **env}
        started.append(ServiceProcess(tmp_path / "data", environment, options=options).start())
        return started[0]

    yield start
    for service in started:
        with suppress(RuntimeError):  # it runs no more
            service.kill()


@pytest.fixture(params=["embedded", "four"])
def service(request: pytest.FixtureRequest) -> ServiceProcess:
    """A running service, embedded and on the four servers."""
    stopped: ServiceProcess = request.getfixturevalue("embedded" if request.param == "embedded" else "on_four")
    return stopped.start()


@pytest.fixture
async def client(service: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service; no trace is logged meanwhile."""
    async with httpx.AsyncClient(base_url=f"{service.base_url}/api/v1", timeout=60.0, trust_env=False) as client:
        yield client
    assert "Traceback" not in service.log()


@pytest.fixture
async def admin(client: httpx.AsyncClient) -> Person:
    return await login(client, ADMIN)


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await join(client, "ada")


@pytest.fixture
async def probe(ada: Person) -> Thing:
    """A device of Ada's."""
    return await new_device(ada)
