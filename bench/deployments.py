"""The service and its baseline as processes on the same stores: embedded, or servers."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import Fleet, register
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack
from tests.servers.__main__ import PASSWORD, PORTS
from tests.servers.containers import LOOPBACK
from tests.servers.kinds import CASSANDRA, MONGO, POSTGRES, REDIS, Kind

BASELINE = ("bench.baseline",)
SERVICE = "service"
LINES_SHOWN = 20
TIME_LENGTH = len("2026-01-31 09:30:00,000")


class NoStores(Exception):
    """The stores are unavailable; the message is one line."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Both processes, and the fleet of both."""

    service: ServiceProcess
    baseline: ServiceProcess
    fleet: Fleet

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
    with ServiceProcess(directory / SERVICE) as service:
        fleet = register(service.base_url, directory / "fleet.lua")
        copy = directory / "baseline" / "iotflow.db"
        copy.parent.mkdir()
        with (
            closing(sqlite3.connect(directory / SERVICE / "iotflow.db")) as stored,
            closing(sqlite3.connect(copy)) as copied,
        ):
            stored.backup(copied)
        with ServiceProcess(copy.parent, command=BASELINE) as baseline:
            yield Deployment(service, baseline, fleet)


@contextmanager
def servers(directory: Path) -> Iterator[Deployment]:
    """Run on PostgreSQL, Cassandra, Redis and MongoDB, in new databases. Raises NoStores.

    Both processes write for the same devices, never at the same time and never the same timestamps. Each has its
    prefix in Redis.
    """
    urls = [_server(kind) for kind in (POSTGRES, CASSANDRA, REDIS, MONGO)]
    databases = asyncio.run(ServerStack.create(*urls))
    try:
        environment = databases.environment()
        with ServiceProcess(directory / SERVICE, environment) as service:
            fleet = register(service.base_url, directory / "fleet.lua")
            with ServiceProcess(directory / "baseline", environment, command=BASELINE) as baseline:
                yield Deployment(service, baseline, fleet)
    finally:
        asyncio.run(databases.remove())


DEPLOYMENTS: Mapping[str, Callable[[Path], AbstractContextManager[Deployment]]] = {
    "servers": servers,
    "embedded": embedded,
}


def _server(kind: Kind) -> str:
    """Return the URL of a server from the environment, else that of `make servers`."""
    if url := os.environ.get(kind.variable):
        return url
    port = PORTS[kind]
    if not kind.is_ready(LOOPBACK, port, PASSWORD):
        raise NoStores(f"{kind.name}: no server on {LOOPBACK}:{port}; run make servers, or set {kind.variable}")
    return kind.url(LOOPBACK, port, PASSWORD)
