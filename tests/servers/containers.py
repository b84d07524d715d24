"""Servers in containers, published on 127.0.0.1 alone."""

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

# Its reaper is an image that cannot be had everywhere; `runs` removes what a run leaves.
testcontainers_config.ryuk_disabled = True

LOOPBACK = "127.0.0.1"
START_DEADLINE_S = 110.0
ENGINE_TIMEOUT_S = 60
LABEL = "iotflow-test.run"
"""The label of a container of tests: the directory of the run that it belongs to."""


class NoServer(Exception):
    """Why no server can be started here, in one line."""


@contextlib.contextmanager
def engine(timeout_s: int = ENGINE_TIMEOUT_S) -> Iterator[docker.DockerClient]:
    """A client of the engine. Raises NoServer when none answers."""
    try:
        _knock()
        client = docker.from_env(timeout=timeout_s)
    except (DockerException, OSError) as error:
        raise NoServer("no Docker engine answers") from error
    with contextlib.closing(client):
        yield client


def _knock() -> None:
    """Raise OSError when nothing listens on the engine's socket: the client would leave its end of it open then."""
    scheme, _, path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)


class Server:
    """A server of a test's own, to be paused, killed and started again on the same port with the data it had.

    The methods block, for seconds: from a coroutine call them by `asyncio.to_thread`. Those that bring it back
    return when it takes clients again.
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
        """`command` adds arguments, `mounts` files or directories to read, each with its place in the container. Given
        an `address` of the loopback, it has no network of its own and listens there, on its usual port.
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
            # Testcontainers' own method takes no address to publish on.
            self._definition.ports = {f"{kind.port}/tcp": (LOOPBACK, self.port)}  # type: ignore[dict-item]
        for path, place in (mounts or {}).items():
            self._definition.with_volume_mapping(path, place)
        self._definition.with_kwargs(labels=dict(labels), network_mode="host" if address else "bridge")

    def create(self) -> None:
        """Make its container and start it."""
        self._definition.start()
        self._wait_until_ready()

    def start(self) -> None:
        """Start it again after `stop` or `kill`."""
        self._container.start()
        self._wait_until_ready()

    def stop(self) -> None:
        """End it as an operator does."""
        self._container.stop(timeout=30)

    def kill(self) -> None:
        """End it as a power cut does to a process (SIGKILL)."""
        self._container.kill()

    def pause(self) -> None:
        """Let it keep its connections and answer nothing."""
        self._container.pause()

    def unpause(self) -> None:
        """Let it go on."""
        self._container.unpause()

    def logs(self) -> str:
        """What it has printed."""
        return self._container.logs(tail=60).decode(errors="replace")

    def remove(self) -> None:
        """Remove it with its data, whatever state it is in."""
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
    """A port that nobody is given by the system while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
