"""A running service whose every resource the tests may use up."""

import asyncio
from collections.abc import Iterator

import pytest

from iotflow.administration import make_admin
from iotflow.settings import load_settings
from tests.processes import ServiceProcess
from tests.schema.world import PASSWORD, ROOT_USER, World

GENEROUS = {"IOTFLOW_LOGIN_ATTEMPTS_PER_ACCOUNT": "1000", "IOTFLOW_LOGIN_ATTEMPTS_PER_ADDRESS": "100000"}
"""Settings that keep the limit on logins, which has tests of its own, out of the way."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """The service, with one administrator, who is left to `world`."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    data_dir.mkdir()
    asyncio.run(make_admin(load_settings(data_dir=data_dir), ROOT_USER, "root@example.org", PASSWORD))
    with ServiceProcess(data_dir, GENEROUS) as service:
        yield service


@pytest.fixture(scope="session")
def world(service: ServiceProcess) -> Iterator[World]:
    """One who makes in the service what each request needs."""
    with World(service.base_url) as world:
        yield world
