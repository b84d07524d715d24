"""Fixtures of the commands' tests: certificates, a service, an account, the command line."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from iotflow.cli.main import app
from tests import fast_service
from tests.cli.http.account import PASSWORD, Account
from tests.cli.importer.importing import Importer, Run
from tests.processes import ServiceProcess


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create self-signed certificates for 127.0.0.1 in a directory: `a.pem` with `a.key`, `b.pem` with `b.key`.

    `sealed.key` is `a.key` with a passphrase, `text` is neither a certificate nor a key.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: it makes the certificates")
    directory = tmp_path_factory.mktemp("certificates")
    for name in ("a", "b"):
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(directory / f"{name}.key"), "-out", str(directory / f"{name}.pem")),
        )
    key, sealed = directory / "a.key", directory / "sealed.key"
    _openssl("pkey", "-in", str(key), "-aes256", "-passout", "pass:correct", "-out", str(sealed))
    (directory / "text").write_text("no certificate\n")
    return directory


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service shared by all tests of a worker; each test has separate accounts."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    # One address registers more accounts here than the default admits at once.
    environment = {"IOTFLOW_LOG_LEVEL": "warning", "IOTFLOW_REGISTRATIONS_PER_ADDRESS": "1000"}
    with ServiceProcess(data_dir, environment, command=fast_service.COMMAND) as service:
        yield service


@pytest.fixture
def account(service: ServiceProcess) -> Iterator[Account]:
    with Account.fresh(service.base_url) as account:
        yield account


@pytest.fixture
def iotflow(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `iotflow` with the password of every account in the environment."""
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
    """Count the tokens of the service."""

    def count() -> int:
        with closing(sqlite3.connect(service.data_dir / "iotflow.db")) as database:
            (tokens,) = database.execute("SELECT count(*) FROM tokens").fetchone()
            return int(tokens)

    return count


@pytest.fixture
def small_service(tmp_path: Path) -> Iterator[str]:
    """The address of a service that accepts batches of at most 2,048 bytes."""
    with ServiceProcess(tmp_path / "data", {"IOTFLOW_MAX_BATCH_BYTES": "2048"}) as service:
        yield service.base_url


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
