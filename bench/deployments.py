"""The processes that are compared, on the same stores: embedded, or servers."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import Fleet, register, send_history
from bench.influxdb import MISSING, InfluxDB, is_installed
from bench.likeness import require_alike, require_influx_answers
from bench.progress import progress
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack
from tests.servers.__main__ import PASSWORD, PORTS
from tests.servers.containers import LOOPBACK
from tests.servers.kinds import CASSANDRA, MONGO, POSTGRES, REDIS, Kind

BASELINE_COMMAND = ("bench.baseline",)
SERVICE, BASELINE, INFLUXDB = "service", "baseline", "InfluxDB"
LINES_SHOWN = 20
TIME_LENGTH = len("2026-01-31 09:30:00,000")


class NoStores(Exception):
    """The stores are unavailable; the message is one line."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The service and its baseline, the fleet of both, and InfluxDB where it is installed."""

    service: ServiceProcess
    baseline: ServiceProcess
    fleet: Fleet
    influxdb: InfluxDB | None = None

    @property
    def sides(self) -> Mapping[str, ServiceProcess | InfluxDB]:
        """The processes by name."""
        sides: dict[str, ServiceProcess | InfluxDB] = {SERVICE: self.service, BASELINE: self.baseline}
        return sides if self.influxdb is None else {**sides, INFLUXDB: self.influxdb}

    def require_alike(self) -> None:
        """Raise NotAlike if a side answers otherwise than the service."""
        require_alike(self.fleet, self.service.base_url, self.baseline.base_url)
        if self.influxdb is not None:
            require_influx_answers(self.fleet, self.influxdb.base_url)

    def logged_errors(self) -> str:
        """Return the last errors and warnings in the logs, each once."""
        lines_shown: list[str] = []
        for log in (self.service.log(), self.baseline.log()):
            lines = {line[TIME_LENGTH:]: line for line in log.splitlines() if " INFO " not in line}
            lines_shown += list(lines.values())[-LINES_SHOWN:]
        return "\n".join(lines_shown)


@contextmanager
def embedded(directory: Path) -> Iterator[Deployment]:
    """Run on SQLite and memory, with files in the directory; the baseline uses a copy of the service's file."""
    with ExitStack() as stack:
        service = stack.enter_context(ServiceProcess(directory / SERVICE))
        fleet = register(service.base_url)
        send_history(service.base_url, fleet)
        copy = directory / BASELINE / "iotflow.db"
        copy.parent.mkdir()
        with (
            closing(sqlite3.connect(directory / SERVICE / "iotflow.db")) as stored,
            closing(sqlite3.connect(copy)) as copied,
        ):
            stored.backup(copied)
        baseline = stack.enter_context(ServiceProcess(copy.parent, command=BASELINE_COMMAND))
        influxdb = None
        if is_installed():
            influxdb = stack.enter_context(InfluxDB(directory / INFLUXDB))
            influxdb.send_history(fleet)
        else:
            progress(MISSING)
        yield Deployment(service, baseline, fleet, influxdb)


@contextmanager
def servers(directory: Path) -> Iterator[Deployment]:
    """Run on PostgreSQL, Cassandra, Redis and MongoDB, in new databases. Raises NoStores.

    Both processes write for the same devices, never at the same time and never the same timestamps. Each has its
    prefix in Redis.
    """
    with new_databases() as databases:
        environment = databases.environment()
        with ServiceProcess(directory / SERVICE, environment) as service:
            fleet = register(service.base_url)
            send_history(service.base_url, fleet)
            with ServiceProcess(directory / BASELINE, environment, command=BASELINE_COMMAND) as baseline:
                yield Deployment(service, baseline, fleet)


DEPLOYMENTS: Mapping[str, Callable[[Path], AbstractContextManager[Deployment]]] = {
    "servers": servers,
    "embedded": embedded,
}


@contextmanager
def new_databases() -> Iterator[ServerStack]:
    """Create databases on the servers, and remove them when the block ends. Raises NoStores."""
    databases = asyncio.run(ServerStack.create(*(_server(kind) for kind in (POSTGRES, CASSANDRA, REDIS, MONGO))))
    try:
        yield databases
    finally:
        asyncio.run(databases.remove())


def _server(kind: Kind) -> str:
    """Return the URL of a server from the environment, else that of `make servers`."""
    if url := os.environ.get(kind.variable):
        return url
    port = PORTS[kind]
    if not kind.is_ready(LOOPBACK, port, PASSWORD):
        raise NoStores(f"{kind.name}: no server on {LOOPBACK}:{port}; run make servers, or set {kind.variable}")
    return kind.url(LOOPBACK, port, PASSWORD)
