"""Runs compose.yaml for tests, and selects its images."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.cli.command import environment
from tests.processes import free_port
from tests.servers.containers import NoServer, engine
from tests.servers.fixtures import leave_out
from tests.servers.images import available

ROOT = Path(__file__).parents[2]
SECRETS = (
    "POSTGRES_PASSWORD",
    "CASSANDRA_PASSWORD",
    "CASSANDRA_SUPERUSER_PASSWORD",
    "REDIS_PASSWORD",
    "MONGO_PASSWORD",
)
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


def images() -> dict[str, str]:
    """Return the images for compose.yaml: the official ones or their stand-ins."""
    try:
        with engine() as client:
            found = {variable: available(client, name) for variable, name in IMAGES.items()}
    except NoServer as reason:
        leave_out("compose", str(reason))
    missing = [IMAGES[variable] for variable, image in found.items() if image is None]
    if missing:
        leave_out("compose", f"no image of {', '.join(missing)}: `make images` has them")
    return {variable: image for variable, image in found.items() if image is not None}


def command() -> list[str]:
    """Return the command of compose on this machine."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is None:
        leave_out("compose", "there is neither `docker compose` nor docker-compose")
    return ["docker-compose"]


class Compose:
    """compose.yaml with a separate name, port and images, and secrets from a file."""

    def __init__(self, command: list[str], images: Mapping[str, str], secrets_file: Path, *override: Path) -> None:
        self._command = [*command, "--env-file", str(secrets_file)]
        port, self.name = free_port(), f"iotflow-test-{secrets.token_hex(4)}"
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            **environment(images),
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": os.pathsep.join(map(str, (ROOT / "compose.yaml", *override))),
            "IOTFLOW_IMAGE": self.name,
            "IOTFLOW_PORT": str(port),
            "CASSANDRA_HEAP": "512M",
            # Every engine has the classic builder.
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
        """Run a command that must succeed; return its output."""
        outcome = self.run(*arguments, stdin=stdin, timeout_s=timeout_s)
        assert outcome.returncode == 0, f"{' '.join(arguments)}:\n{outcome.stdout}\n{outcome.stderr}"
        return outcome.stdout

    def wait_until_ready(self) -> None:
        """Wait until the service is ready."""
        deadline = time.monotonic() + UP_DEADLINE_S
        while True:
            try:
                if httpx.get(f"{self.url}/health/ready", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, self.done("logs", "--tail", "50")
            time.sleep(0.5)

    def remove_image(self) -> None:
        """Remove the service's image."""
        subprocess.run(["docker", "image", "rm", "--no-prune", self.name], capture_output=True, check=False)


@contextmanager
def composed(directory: Path) -> Iterator[Compose]:
    """Run a composition with secrets in a file of the directory; afterwards remove its volumes and image."""
    secrets_file = directory / "secrets"
    secrets_file.write_text("".join(f"{name}={secrets.token_urlsafe(24)}\n" for name in SECRETS))
    # Containers of a killed run must not restart with the engine.
    once = directory / "once.yaml"
    once.write_text("services:\n" + "".join(f'  {name}: {{restart: "no"}}\n' for name in RESTARTED))
    compose = Compose(command(), images(), secrets_file, once)
    try:
        compose.done("build", "service", timeout_s=BUILD_DEADLINE_S)
        compose.done("up", "--detach", timeout_s=UP_DEADLINE_S)
        compose.wait_until_ready()
        yield compose
    finally:
        compose.run("down", "--volumes", "--timeout", "5")
        compose.remove_image()
