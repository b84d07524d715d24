"""A Redis server for one test, which can be paused, killed and restarted."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.processes import free_port
from tests.servers.fixtures import leave_out

START_DEADLINE_S = 30.0


class RedisServer:
    """`redis-server` on a port of 127.0.0.1, with the files of a directory. It writes no file until SAVE."""

    def __init__(self, directory: Path, arguments: Sequence[str] = (), *, plain: bool = True) -> None:
        """`plain` False: only the port that `arguments` name is open."""
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        port = str(self.port) if plain else "0"
        self._command = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", *arguments]
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, *arguments: str) -> None:
        """Add arguments for the next start."""
        self._command += arguments

    def start(self) -> None:
        """Start it on the same port and files, and wait until it accepts clients."""
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._directory, stdout=log, stderr=log)
        deadline = time.monotonic() + START_DEADLINE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._directory / "redis.log").read_text()) from None
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """Kill it by SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Stop it by SIGSTOP: its connections stay and receive no replies."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def unpause(self) -> None:
        """Continue it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()


def require() -> None:
    """Skip the test, or fail it where stores are required, on a machine without the program."""
    if shutil.which("redis-server") is None:
        leave_out("redis", "redis-server is not installed")
