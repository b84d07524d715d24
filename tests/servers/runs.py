"""The servers of one test run: one of each kind, shared by its parallel workers, started when a test first asks."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from filelock import FileLock, Timeout

from tests.servers.containers import LABEL, NoServer, Server, engine
from tests.servers.kinds import Kind


class Run:
    """A run, known by its directory. The process that `begin`s it keeps a lock there for as long as it lives, by which
    others tell the containers of a living run from what a dead one has left.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._alive = FileLock(directory / "alive")

    @classmethod
    def begin(cls) -> Self:
        """A new run, which this process is to `end`."""
        root = os.environ.get("PYTEST_DEBUG_TEMPROOT")
        run = cls(Path(tempfile.mkdtemp(prefix="servers-", dir=root)).resolve())
        run._alive.acquire()
        return run

    @property
    def labels(self) -> dict[str, str]:
        """What marks a container as this run's."""
        return {LABEL: str(self.directory)}

    def url(self, kind: Kind) -> str:
        """The URL of the run's server of this kind, started if need be. Raises NoServer when that is impossible."""
        started, failed = self.directory / f"{kind.name}.url", self.directory / f"{kind.name}.failed"
        with FileLock(self.directory / f"{kind.name}.lock"):
            if failed.exists():
                raise RuntimeError(failed.read_text())
            if not started.exists():
                remove_leftovers()
                server = Server(kind, self.labels)
                try:
                    server.create()
                except RuntimeError as error:
                    failed.write_text(str(error))
                    raise
                started.write_text(server.url)
            return started.read_text()

    def end(self) -> None:
        """Remove its containers."""
        self._alive.release()
        if any(self.directory.glob("*.lock")):
            with contextlib.suppress(NoServer), engine() as client:
                for container in client.containers.list(all=True, filters={"label": f"{LABEL}={self.directory}"}):
                    _remove(container)
        shutil.rmtree(self.directory, ignore_errors=True)

    def has_ended(self) -> bool:
        """Whether the process that began it is gone."""
        if not self.directory.is_dir():
            return True
        try:
            with self._alive.acquire(timeout=0):
                return True
        except Timeout:
            return False


def remove_leftovers() -> None:
    """Remove the containers of runs that have ended without doing so."""
    with engine() as client:
        for container in client.containers.list(all=True, filters={"label": LABEL}):
            run = Run(Path(container.labels[LABEL]))
            if run.has_ended():
                _remove(container)


def _remove(container: Container) -> None:
    # Another run may be at it too.
    with contextlib.suppress(NotFound, APIError):
        container.remove(force=True, v=True)
