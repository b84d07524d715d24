"""The servers of a test run: one of each kind, shared by its workers, started on first use."""

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
    """A test run, identified by its directory. The process that `begin`s it holds a lock there until it ends.

    By that lock other runs distinguish the containers of a running run from those that an ended one has left.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._alive = FileLock(directory / "alive")

    @classmethod
    def begin(cls) -> Self:
        """Begin a run, which this process must `end`."""
        root = os.environ.get("PYTEST_DEBUG_TEMPROOT")
        run = cls(Path(tempfile.mkdtemp(prefix="servers-", dir=root)).resolve())
        run._alive.acquire()
        return run

    @property
    def labels(self) -> dict[str, str]:
        """The labels of this run's containers."""
        return {LABEL: str(self.directory)}

    def url(self, kind: Kind) -> str:
        """Return the URL of the run's server of this kind; start it if needed. Raises NoServer if impossible."""
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
        """Remove the run's containers."""
        self._alive.release()
        if any(self.directory.glob("*.lock")):
            with contextlib.suppress(NoServer), engine() as client:
                for container in client.containers.list(all=True, filters={"label": f"{LABEL}={self.directory}"}):
                    _remove(container)
        shutil.rmtree(self.directory, ignore_errors=True)

    def has_ended(self) -> bool:
        """Return whether the process that began the run has ended."""
        if not self.directory.is_dir():
            return True
        try:
            with self._alive.acquire(timeout=0):
                return True
        except Timeout:
            return False


def remove_leftovers() -> None:
    """Remove the containers that ended runs have left."""
    with engine() as client:
        for container in client.containers.list(all=True, filters={"label": LABEL}):
            run = Run(Path(container.labels[LABEL]))
            if run.has_ended():
                _remove(container)


def _remove(container: Container) -> None:
    # Another run may remove them at the same time.
    with contextlib.suppress(NotFound, APIError):
        container.remove(force=True, v=True)
