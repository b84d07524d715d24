"""Servers in containers, published on 127.0.0.1 only."""

import contextlib
import os
import random
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import docker
from docker.errors import DockerException, NotFound
from docker.models.containers import Container
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from tests.servers.images import OFFICIAL, available
from tests.servers.kinds import Kind, new_password

# The reaper's image is not available everywhere; `runs` removes the containers of ended runs.
testcontainers_config.ryuk_disabled = True

LOOPBACK = "127.0.0.1"
START_DEADLINE_S = 110.0
ENGINE_TIMEOUT_S = 60
LABEL = "iotflow-test.run"
"""Label of a test container: the directory of its run."""


class NoServer(Exception):
    """No server can be started here; the message is one line."""


@contextlib.contextmanager
def engine(timeout_s: int = ENGINE_TIMEOUT_S) -> Iterator[docker.DockerClient]:
    """Return a client of the engine. Raises NoServer when none answers."""
    try:
        _knock()
        client = docker.from_env(timeout=timeout_s)
    except (DockerException, OSError) as error:
        raise NoServer("no Docker engine answers") from error
    with contextlib.closing(client):
        yield client


def _knock() -> None:
    """Raise OSError when nothing listens on the engine's socket: the Docker client would leak its socket then."""
    scheme, _, path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)


class Server:
    """A server in a container that can be paused, killed and started again with the same port and data.

    The methods block for seconds: from a coroutine call them by `asyncio.to_thread`. `create` and `start` return
    when the server accepts clients.
    """

    def __init__(
        self,
        kind: Kind,
        labels: Mapping[str, str],
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        mounts: Mapping[Path, str] | None = None,
        name: str | None = None,
        port: int | None = None,
        password: str | None = None,
        address: str | None = None,
    ) -> None:
        """`command` adds arguments; `mounts` maps readable files or directories to their places in the container.

        With an `address` of the loopback the container shares the host's network and listens there, on its usual port.
        """
        self.kind = kind
        self.host = address or LOOPBACK
        self.port = kind.port if address else port or _unused_port()
        self._password = password or new_password()
        self.url = kind.url(self.host, self.port, self._password)
        with engine() as client:
            image = available(client, kind.name)
        if image is None:
            raise NoServer(f"there is neither the image {OFFICIAL[kind.name]} nor one made by `make images`")
        self._definition = DockerContainer(image, name=name)
        self._definition.env = {**kind.environment(self._password), **(environment or {})}
        if arguments := [*kind.command(self._password), *command]:
            self._definition.with_command(arguments)
        if not address:
            # Testcontainers' method accepts no address to publish on.
            self._definition.ports = {f"{kind.port}/tcp": (LOOPBACK, self.port)}  # type: ignore[dict-item]
        for path, place in (mounts or {}).items():
            self._definition.with_volume_mapping(path, place)
        self._definition.with_kwargs(labels=dict(labels), network_mode="host" if address else "bridge")

    def create(self) -> None:
        """Create and start the container."""
        self._definition.start()
        self._wait_until_ready()

    def start(self) -> None:
        """Start the container after `stop` or `kill`."""
        self._container.start()
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the container with SIGTERM."""
        self._container.stop(timeout=30)

    def kill(self) -> None:
        """Stop the container with SIGKILL."""
        self._container.kill()

    def pause(self) -> None:
        """Freeze the container: connections stay open and nothing is answered."""
        self._container.pause()

    def unpause(self) -> None:
        """Unfreeze the container."""
        self._container.unpause()

    def logs(self) -> str:
        """Return the container's output."""
        return self._container.logs(tail=60).decode(errors="replace")

    def remove(self) -> None:
        """Remove the container and its data, in any state."""
        with contextlib.suppress(NotFound):
            self._definition.stop()

    @property
    def _container(self) -> Container:
        return self._definition.get_wrapped_container()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_DEADLINE_S
        while not self.kind.is_ready(self.host, self.port, self._password):
            self._container.reload()
            if self._container.status == "exited" or time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind.name} did not become ready:\n{self.logs()}")
            time.sleep(0.1)


def _unused_port() -> int:
    """Return a port that the system assigns to no other socket while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
