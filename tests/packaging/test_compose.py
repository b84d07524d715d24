"""`docker compose up`: the image is built, and the service works on the four databases of compose.yaml."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.cli.command import environment
from tests.processes import free_port
from tests.servers.containers import NoServer, engine
from tests.servers.fixtures import leave_out
from tests.servers.images import available

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "MONGO_PASSWORD")
IMAGES = {
    "POSTGRES_IMAGE": "postgres",
    "CASSANDRA_IMAGE": "cassandra",
    "REDIS_IMAGE": "redis",
    "MONGO_IMAGE": "mongo",
    "IOTFLOW_PYTHON_IMAGE": "python",
}
RESTARTED = ("service", "postgres", "cassandra", "redis", "mongo")
BUILD_DEADLINE_S = 900
UP_DEADLINE_S = 300

pytestmark = [pytest.mark.compose, pytest.mark.timeout(BUILD_DEADLINE_S + 2 * UP_DEADLINE_S)]


@pytest.fixture
def images() -> dict[str, str]:
    """The images that compose.yaml is to use: the official ones, or those that stand in for them."""
    try:
        with engine() as client:
            found = {variable: available(client, name) for variable, name in IMAGES.items()}
    except NoServer as reason:
        leave_out("compose", str(reason))
    missing = [IMAGES[variable] for variable, image in found.items() if image is None]
    if missing:
        leave_out("compose", f"no image of {', '.join(missing)}: `make images` has them")
    return {variable: image for variable, image in found.items() if image is not None}


@pytest.fixture
def command() -> list[str]:
    """How compose is called here."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is None:
        leave_out("compose", "there is neither `docker compose` nor docker-compose")
    return ["docker-compose"]


class Compose:
    """compose.yaml with a name, a port and images of its own, and secrets from a file."""

    def __init__(self, command: list[str], images: Mapping[str, str], secrets_file: Path, *override: Path) -> None:
        self._command = [*command, "--env-file", str(secrets_file)]
        port, name = free_port(), f"iotflow-test-{secrets.token_hex(4)}"
        self.url = f"http://127.0.0.1:{port}"
        self._image = name
        self._environment = {
            **environment(images),
            "COMPOSE_PROJECT_NAME": name,
            "COMPOSE_FILE": os.pathsep.join(map(str, (ROOT / "compose.yaml", *override))),
            "IOTFLOW_IMAGE": name,
            "IOTFLOW_PORT": str(port),
            "CASSANDRA_HEAP": "512M",
            # The plain builder is the one that every engine has.
            "DOCKER_BUILDKIT": "0",
        }

    def run(self, *arguments: str, stdin: str = "", timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of compose."""
        return subprocess.run(
            [*self._command, *arguments],
            cwd=ROOT,
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def done(self, *arguments: str, stdin: str = "", timeout_s: float = 120) -> str:
        """Run one that must succeed; what it printed."""
        outcome = self.run(*arguments, stdin=stdin, timeout_s=timeout_s)
        assert outcome.returncode == 0, f"{' '.join(arguments)}:\n{outcome.stdout}\n{outcome.stderr}"
        return outcome.stdout

    def remove_image(self) -> None:
        """Remove the service's image."""
        subprocess.run(["docker", "image", "rm", "--no-prune", self._image], capture_output=True, check=False)


@pytest.fixture
def compose(command: list[str], images: dict[str, str], tmp_path: Path) -> Iterator[Compose]:
    """A composition of the test's own, removed with its volumes and its image."""
    secrets_file = tmp_path / "secrets"
    secrets_file.write_text("".join(f"{name}={secrets.token_urlsafe(24)}\n" for name in SECRETS))
    # What a run that was killed has left must not come up again with the engine.
    once = tmp_path / "once.yaml"
    once.write_text("services:\n" + "".join(f'  {name}: {{restart: "no"}}\n' for name in RESTARTED))
    compose = Compose(command, images, secrets_file, once)
    yield compose
    compose.run("down", "--volumes", "--timeout", "5")
    compose.remove_image()


def test_the_service_comes_up_on_its_databases_and_plays_a_day(compose: Compose, tmp_path: Path) -> None:
    compose.done("build", "service", timeout_s=BUILD_DEADLINE_S)
    compose.done("up", "--detach", timeout_s=UP_DEADLINE_S)
    _wait_until_ready(compose)

    create = ["iotflow", "create-admin", "root", "root@example.org", "--password-stdin"]
    compose.done("exec", "-T", "service", *create, stdin=f"{PASSWORD}\n")
    diagnosis = compose.done("exec", "-T", "service", "iotflow", "doctor").splitlines()
    assert {line.split()[0]: line.split()[1:3] for line in diagnosis[1:5]} == {
        "sql": ["postgresql", "yes"],
        "telemetry": ["cassandra", "yes"],
        "documents": ["mongodb", "yes"],
        "cache": ["redis", "yes"],
    }
    played = subprocess.run(
        [sys.executable, "-m", "iotflow", "simulate", "--url", compose.url, "--username", "root", "--duration", "3"],
        cwd=tmp_path,
        env=environment({"IOTFLOW_PASSWORD": PASSWORD}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr


def test_without_secrets_nothing_starts_and_the_command_is_named(command: list[str], tmp_path: Path) -> None:
    empty = tmp_path / "secrets"
    empty.touch()
    outcome = Compose(command, {}, empty).run("up", "--detach")
    assert outcome.returncode != 0
    assert "make env" in outcome.stderr


def _wait_until_ready(compose: Compose) -> None:
    deadline = time.monotonic() + UP_DEADLINE_S
    while True:
        try:
            if httpx.get(f"{compose.url}/health/ready", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, compose.done("logs", "--tail", "50")
        time.sleep(0.5)
