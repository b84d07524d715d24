"""The wheel with the pinned dependencies contains the whole service."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

import iotflow as package
from tests.cli.command import iotflow, serving

ROOT = Path(__file__).parents[2]
DEADLINE_S = 120.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    _python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory), str(ROOT))
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create an environment with the pins of requirements/run.txt and the wheel, and return its `bin`.

    The pins are linked from the environment of the tests, where `make test` installs the same versions, so nothing is
    downloaded.
    """
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory, symlinks=True)
    (site_packages,) = directory.glob("lib/python*/site-packages")
    for pin in _pins():
        installed = distribution(pin.name)
        assert pin.specifier.contains(installed.version), f"{pin} is pinned, {installed.version} is installed"
        for entry in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            link = site_packages / entry
            if not link.exists():
                link.symlink_to(str(installed.locate_file(entry)))
    _python("-m", "pip", "--python", str(directory), "install", "--no-index", "--no-deps", str(wheel))
    return directory / "bin"


def test_the_wheel_holds_only_the_packages_the_migrations_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    metadata = f"iotflow-{package.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"iotflow", "iotflow_sdk", metadata}
    assert {"iotflow/py.typed", "iotflow_sdk/py.typed", "iotflow_sdk/models/device.py"} <= set(names)
    assert f"{metadata}/licenses/LICENSE" in names
    in_checkout = {f"iotflow/{file.relative_to(ROOT)}" for file in (ROOT / "migrations").rglob("*.py")}
    assert {name for name in names if name.startswith("iotflow/migrations/") and name.endswith(".py")} == in_checkout
    assert "iotflow/migrations/sql/script.py.mako" in names


def test_its_dependencies_are_the_pinned_ones(environment: Path) -> None:
    _python("-m", "pip", "--python", str(environment.parent), "check")


def test_it_migrates_and_is_healthy_in_an_empty_directory(environment: Path, tmp_path: Path) -> None:
    command = [str(environment / "iotflow")]
    migrated = iotflow("migrate", cwd=tmp_path, command=command)
    diagnosed = iotflow("doctor", cwd=tmp_path, command=command)

    assert migrated.returncode == 0, migrated.stderr
    assert migrated.stdout.startswith("sql: schema none -> ")
    assert diagnosed.returncode == 0, diagnosed.stdout + diagnosed.stderr


def test_it_serves_in_an_empty_directory(environment: Path, tmp_path: Path) -> None:
    code = "import iotflow; print(iotflow.__file__)"
    imported = subprocess.run(
        [environment / "python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert Path(imported.stdout.strip()).is_relative_to(environment.parent)

    with (
        serving(cwd=tmp_path, command=[str(environment / "iotflow")]) as (_, address),
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        health = client.get("/health").json()
        assert (health["status"], health["version"]) == ("healthy", package.__version__)
        page = client.get("/docs").text
        scripts = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        assert scripts
        assert {client.get(script).status_code for script in scripts} == {200}


def _pins() -> Iterator[Requirement]:
    for line in (ROOT / "requirements" / "run.txt").read_text().splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            pin = Requirement(line.removesuffix("\\"))
            if pin.marker is None or pin.marker.evaluate():
                yield pin


def _python(*arguments: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    outcome = subprocess.run(
        [sys.executable, *arguments], env=clean, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
