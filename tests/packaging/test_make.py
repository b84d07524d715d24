"""`make dev` serves, and restarts after changes of the code."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.processes import free_port

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv"
DEADLINE_S = 60.0
SERVES = "IoTFlow serves on "


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout for changes, with the environment of the original."""
    if not (ENVIRONMENT / ".dev-installed").exists():
        pytest.skip("make has not installed .venv here")
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy2(ROOT / file, tmp_path)
    for directory in ("iotflow", "migrations", "requirements"):
        shutil.copytree(ROOT / directory, tmp_path / directory)
    (tmp_path / ".venv").symlink_to(ENVIRONMENT)
    return tmp_path


def test_dev_restarts_the_service_when_a_file_is_saved(checkout: Path) -> None:
    port, log = free_port(), checkout / "log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    with log.open("wb") as output:
        make = subprocess.Popen(
            ["make", "dev", f"PORT={port}"],
            cwd=checkout,
            # Import the package of the copy, not the one installed in .venv.
            env={**inherited, "PYTHONPATH": str(checkout)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for_starts(log, 1)
        version = _version(port)
        package = checkout / "iotflow" / "__init__.py"
        package.write_text(f'{package.read_text()}\n__version__ = "{version}.changed"\n')
        _wait_for_starts(log, 2)
        assert _version(port) == f"{version}.changed"
    finally:
        os.killpg(make.pid, signal.SIGTERM)
        make.wait(DEADLINE_S)


def _wait_for_starts(log: Path, count: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while log.read_text().count(SERVES) < count:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _version(port: int) -> str:
    """Return the version in the OpenAPI document, retrying until the service responds."""
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        version: str = client.get("/openapi.json", timeout=DEADLINE_S).raise_for_status().json()["info"]["version"]
        return version
