"""The service and its floor as processes, on the same stores: the embedded ones, or the four."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import Fleet, register
from tests.four import Four
from tests.processes import ServiceProcess
from tests.servers.__main__ import PASSWORD, PORTS
from tests.servers.containers import LOOPBACK
from tests.servers.kinds import CASSANDRA, MONGO, POSTGRES, REDIS, Kind

FLOOR = ("bench.floor",)
SERVICE = "service"
LINES_SHOWN = 20
TIME_LENGTH = len("2026-01-31 09:30:00,000")


class NoStores(Exception):
    """Why there are no stores to measure on, in one line."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Both processes, and the fleet that both know."""

    service: ServiceProcess
    floor: ServiceProcess
    fleet: Fleet

    def complaints(self) -> str:
        """What each has printed last beside requests and news, each line once."""
        told: list[str] = []
        for log in (self.service.log(), self.floor.log()):
            lines = {line[TIME_LENGTH:]: line for line in log.splitlines() if " INFO " not in line}
            told += list(lines.values())[-LINES_SHOWN:]
        return "\n".join(told)


@contextmanager
def embedded(directory: Path) -> Iterator[Deployment]:
    """On SQLite and memory, with their files in the directory; the floor on a copy of the service's file."""
    with ServiceProcess(directory / SERVICE) as service:
        fleet = register(service.base_url, directory / "fleet.lua")
        copy = directory / "floor" / "iotflow.db"
        copy.parent.mkdir()
        with (
            closing(sqlite3.connect(directory / SERVICE / "iotflow.db")) as stored,
            closing(sqlite3.connect(copy)) as copied,
        ):
            stored.backup(copied)
        with ServiceProcess(copy.parent, command=FLOOR) as floor:
            yield Deployment(service, floor, fleet)


@contextmanager
def four(directory: Path) -> Iterator[Deployment]:
    """On PostgreSQL, Cassandra, Redis and MongoDB, in databases of this run's own. Raises NoStores.

    Both processes write for the same devices, never at the same time and never the same times. Redis has a prefix for
    each.
    """
    urls = [_server(kind) for kind in (POSTGRES, CASSANDRA, REDIS, MONGO)]
    databases = asyncio.run(Four.made(*urls))
    try:
        environment = databases.environment()
        with ServiceProcess(directory / SERVICE, environment) as service:
            fleet = register(service.base_url, directory / "fleet.lua")
            with ServiceProcess(directory / "floor", environment, command=FLOOR) as floor:
                yield Deployment(service, floor, fleet)
    finally:
        asyncio.run(databases.remove())


DEPLOYMENTS: Mapping[str, Callable[[Path], AbstractContextManager[Deployment]]] = {"four": four, "embedded": embedded}


def _server(kind: Kind) -> str:
    """The URL of a server: the one that the environment names, or the one of `make servers`."""
    if url := os.environ.get(kind.variable):
        return url
    port = PORTS[kind]
    if not kind.is_ready(LOOPBACK, port, PASSWORD):
        raise NoStores(
            f"no {kind.name} answers on {LOOPBACK}:{port}: make servers, or name one of yours in {kind.variable}"
        )
    return kind.url(LOOPBACK, port, PASSWORD)
