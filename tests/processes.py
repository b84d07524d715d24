"""The service as a separate process, for tests of sockets, signals and the command line."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0


class ServiceProcess:
    """A process of `python -m iotflow serve`, or of a similar command, on a free port of 127.0.0.1 over `data_dir`.

    `env` is added to the environment of the test run without its `IOTFLOW_` variables; `options` are added to the
    command. After `stop` or `kill` the process may be started again, on the same port and files. Its output is
    appended to `log_path`.
    """

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str] | None = None,
        *,
        command: Sequence[str] = ("iotflow", "serve"),
        options: Sequence[str] = (),
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_path = data_dir.with_name(f"{data_dir.name}.log")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
        self._env = {**inherited, "IOTFLOW_DATA_DIR": str(data_dir), **(env or {})}
        self._command = [sys.executable, "-m", *command, "--host", "127.0.0.1", "--port", str(self.port), *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start and wait until ready. Raises RuntimeError with the log if the process ends or takes too long."""
        if self._process is not None:
            raise RuntimeError("the service runs already")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_DEADLINE_S
        with httpx.Client(base_url=self.base_url, timeout=2.0, trust_env=False, verify=False) as http:
            while not _is_ready(http):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise RuntimeError(f"the service did not become ready:\n{self.log()}")
                time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Send SIGTERM, wait, and return the exit status."""
        process = self._running()
        process.terminate()
        return self._ended(process)

    def kill(self) -> None:
        """Send SIGKILL and wait."""
        process = self._running()
        process.kill()
        self._ended(process)

    @property
    def pid(self) -> int:
        """The id of the running process."""
        return self._running().pid

    def log(self) -> str:
        """Return all output so far, of all starts."""
        return self.log_path.read_text(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the service does not run")
        return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        self._process = None
        try:
            return process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"the service did not end within {STOP_DEADLINE_S} s:\n{self.log()}") from None


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listened a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False
