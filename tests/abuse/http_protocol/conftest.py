"""Fixtures of the tests of HTTP over raw sockets."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.abuse.raw import Raw
from tests.api.clients import ADMIN, DeviceClient, UserClient, login, new_device
from tests.processes import ServiceProcess


@pytest.fixture(scope="module")
def service(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A running service that logs each request; it must not log a traceback."""
    data_dir = shutil.copytree(prepared_data, tmp_path_factory.mktemp("http") / "data")
    with ServiceProcess(data_dir, {"IOTFLOW_LOG_LEVEL": "info"}) as service:
        yield service
        assert "Traceback" not in service.log()


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> UserClient:
    return await login(client, ADMIN)


@pytest.fixture
async def device(ada: UserClient) -> DeviceClient:
    return await new_device(ada, secrets.token_hex(8))


@pytest.fixture
def raw(service: ServiceProcess) -> Iterator[Raw]:
    with Raw(service) as raw:
        yield raw
