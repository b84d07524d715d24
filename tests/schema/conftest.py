"""Fixtures: a running service, and a factory of its resources."""

import asyncio
from collections.abc import Iterator

import pytest
from iotflow_sdk import Client

from iotflow.cli.databases import create_admin
from iotflow.settings import load_settings
from tests import fast_service
from tests.processes import ServiceProcess
from tests.schema.resources import PASSWORD, ROOT_USER, ResourceFactory
from tests.schema.sdk_accounts import new_login

GENEROUS = {
    "IOTFLOW_LOGIN_ATTEMPTS_PER_ACCOUNT": "1000",
    "IOTFLOW_LOGIN_ATTEMPTS_PER_ADDRESS": "100000",
    "IOTFLOW_FAILED_CREDENTIALS_PER_ADDRESS": "100000",
    "IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "IOTFLOW_SMTP_URL": "smtp://127.0.0.1:9",
    "IOTFLOW_MAIL_FROM": "iotflow@example.org",
}
"""Settings that keep the login limit and the channels of alerts, which are tested elsewhere, out of the way."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """The service, with one administrator, whom `resources` logs in."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    data_dir.mkdir()
    asyncio.run(create_admin(load_settings(data_dir=data_dir), ROOT_USER, "root@example.org", PASSWORD))
    with ServiceProcess(data_dir, GENEROUS, command=fast_service.COMMAND) as service:
        yield service


@pytest.fixture(scope="session")
def resources(service: ServiceProcess) -> Iterator[ResourceFactory]:
    """A factory of the resources that each request needs."""
    with ResourceFactory(service.base_url) as resources:
        yield resources


@pytest.fixture
def user(service: ServiceProcess) -> Iterator[Client]:
    """A client of a new account."""
    with Client(service.base_url, new_login(service.base_url)) as client:
        yield client
