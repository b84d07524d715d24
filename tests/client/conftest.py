"""A real service, accounts of it, and the command line."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from iotflow.cli import app
from tests.client.account import PASSWORD, Account
from tests.client.importing import Importer, Run
from tests.processes import ServiceProcess


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that all tests of a worker share; each has accounts of its own."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    with ServiceProcess(data_dir, {"IOTFLOW_LOG_LEVEL": "warning"}) as service:
        yield service


@pytest.fixture
def account(service: ServiceProcess) -> Iterator[Account]:
    with Account.fresh(service.base_url) as account:
        yield account


@pytest.fixture
def iotflow(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `iotflow` with these arguments, and with the password of every account in the environment."""
    monkeypatch.setenv("IOTFLOW_PASSWORD", PASSWORD)
    monkeypatch.delenv("IOTFLOW_TOKEN", raising=False)

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run


@pytest.fixture
def importer(iotflow: Run, account: Account, tmp_path: Path) -> Importer:
    return Importer(iotflow, account, tmp_path)


@pytest.fixture
def service_tokens(service: ServiceProcess) -> Callable[[], int]:
    """How many tokens the service knows."""

    def count() -> int:
        with closing(sqlite3.connect(service.data_dir / "iotflow.db")) as database:
            (tokens,) = database.execute("SELECT count(*) FROM tokens").fetchone()
            return int(tokens)

    return count


@pytest.fixture
def small_service(tmp_path: Path) -> Iterator[str]:
    """The address of a service that takes batches of 2,048 bytes at most."""
    with ServiceProcess(tmp_path / "data", {"IOTFLOW_MAX_BATCH_BYTES": "2048"}) as service:
        yield service.base_url
