"""InfluxDB 1 as a separate process, with its defaults: each write is synced to its log before the answer."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from bench.fleet import Fleet, history
from bench.raw_http import Connection, raw_request
from bench.traffic import DATABASE, MEASUREMENT, fields_of, influx_write
from tests.processes import free_port

START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 30.0
PROGRAM = "influxd"
MISSING = "InfluxDB is left out: influxd is not installed; on Debian, apt-get install influxdb"


class InfluxDB:
    """A process of `influxd` on free ports of 127.0.0.1, with its files in `directory` and an empty database.

    Its settings are the defaults, without the log of HTTP requests and the reports to its vendor; `environment` adds
    others.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        port = free_port()
        self.files = [directory / kind / DATABASE for kind in ("data", "wal")]
        """The directories of the database, without InfluxDB's records of itself."""
        self.base_url = f"http://127.0.0.1:{port}"
        self._log = directory.with_name(f"{directory.name}.log")
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INFLUXDB_")},
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
            "INFLUXDB_META_DIR": str(directory / "meta"),
            "INFLUXDB_DATA_DIR": str(directory / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(directory / "wal"),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self._process is None:
            raise RuntimeError("InfluxDB does not run")
        return self._process.pid

    def send_history(self, fleet: Fleet) -> None:
        """Send the history of each device, as the service has it."""
        with Connection(self.base_url) as connection:
            for device_id, _ in fleet.devices:
                lines = (
                    f"{MEASUREMENT},device={device_id} {fields_of(values)} {time_ms}"
                    for time_ms, values in history(fleet)
                )
                connection.ask(influx_write(lines))

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            command = [PROGRAM, "-config", os.devnull]
            self._process = subprocess.Popen(
                command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_DEADLINE_S
        while not self._created_database():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise RuntimeError(f"InfluxDB did not become ready:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _created_database(self) -> bool:
        try:
            with Connection(self.base_url) as connection:
                connection.ask(raw_request("POST", f"/query?{urlencode({'q': f'CREATE DATABASE {DATABASE}'})}", {}))
        except (OSError, ValueError):
            return False
        return True

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def is_installed() -> bool:
    """Return whether InfluxDB can be measured."""
    return shutil.which(PROGRAM) is not None
