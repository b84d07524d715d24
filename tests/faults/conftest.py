"""Fixtures: a service process over embedded stores, and its client."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.api.clients import ADMIN, PASSWORD
from tests.api.service import check_answer
from tests.processes import ServiceProcess


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one administrator, created by the command line, to be copied."""
    data_dir = tmp_path_factory.mktemp("prepared") / "data"
    subprocess.run(
        [sys.executable, "-m", "iotflow", "create-admin", ADMIN, f"{ADMIN}@example.org", "--password-stdin"],
        input=f"{PASSWORD}\n",
        env={**os.environ, "IOTFLOW_DATA_DIR": str(data_dir)},
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return data_dir


@pytest.fixture
def settings() -> dict[str, str]:
    """Additional environment variables of the service."""
    return {}


@pytest.fixture
def command() -> Sequence[str]:
    """The module that serves, with its arguments."""
    return "iotflow", "serve"


@pytest.fixture
def service(
    prepared_data: Path, tmp_path: Path, settings: dict[str, str], command: Sequence[str]
) -> Iterator[ServiceProcess]:
    """A service over stores for this test, not yet started; it is killed after the test."""
    shutil.copytree(prepared_data, tmp_path / "data")
    service = ServiceProcess(tmp_path / "data", {"IOTFLOW_LOG_LEVEL": "warning", **settings}, command=command)
    yield service
    with suppress(RuntimeError):  # it has already ended
        service.kill()


@pytest.fixture
async def client(service: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the started service. Checks the form of every answer, and that no traceback is logged."""
    service.start()
    hooks = {"response": [check_answer]}
    async with httpx.AsyncClient(
        base_url=f"{service.base_url}/api/v1", event_hooks=hooks, timeout=40.0, trust_env=False
    ) as client:
        yield client
    assert "Traceback" not in service.log()
