"""The plugin that gives tests real servers.

A server comes from a URL in the environment (`IOTFLOW_TEST_POSTGRES_URL` and so on), else from a container, else the
test is skipped; with `IOTFLOW_REQUIRE_STORES=1` it fails instead. Servers are shared: each test uses a separate
database, keyspace or prefix.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]  # xdist has no types

from tests.servers.cluster import cluster
from tests.servers.containers import NoServer, Server
from tests.servers.kinds import CASSANDRA, MONGO, POSTGRES, REDIS, Kind
from tests.servers.runs import Run, remove_leftovers

REQUIRE = "IOTFLOW_REQUIRE_STORES"
"""The environment variable that, set to 1, makes a machine without servers fail instead of skip."""

_MARK = "no server: "
_INPUT = "servers_run"
_RUN: pytest.StashKey[Run] = pytest.StashKey()


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """The URL of a PostgreSQL where the user may create databases."""
    return _url(pytestconfig, POSTGRES)


@pytest.fixture(scope="session")
def cassandra_url(pytestconfig: pytest.Config) -> str:
    """The URL of a Cassandra of one node, without a keyspace."""
    return _url(pytestconfig, CASSANDRA)


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """The URL of a Redis whose database other tests use, too."""
    return _url(pytestconfig, REDIS)


@pytest.fixture(scope="session")
def mongodb_url(pytestconfig: pytest.Config) -> str:
    """The URL of a MongoDB, not a replica set, without a database."""
    return _url(pytestconfig, MONGO)


@pytest.fixture
def own_server(pytestconfig: pytest.Config) -> Iterator[Callable[..., Server]]:
    """A function that starts a server for this test alone: `own_server(POSTGRES)` returns a `Server`.

    Its keyword arguments are those of `Server` after the labels.
    """
    started: list[Server] = []

    def start(kind: Kind, **options: Any) -> Server:
        try:
            remove_leftovers()
            server = Server(kind, pytestconfig.stash[_RUN].labels, **options)
        except NoServer as reason:
            _leave_out(kind, reason)
        started.append(server)
        server.create()
        return server

    yield start
    for server in started:
        server.remove()


@pytest.fixture
def cassandra_cluster(pytestconfig: pytest.Config) -> Iterator[list[Server]]:
    """Three Cassandra nodes for this test. They take a minute to start: give the test a timeout for it."""
    try:
        remove_leftovers()
        nodes = cluster(pytestconfig.stash[_RUN].labels)
    except NoServer as reason:
        _leave_out(CASSANDRA, reason)
    try:
        # One after another: a ring admits one node at a time.
        for node in nodes:
            node.create()
        yield nodes
    finally:
        for node in nodes:
            node.remove()


def _url(config: pytest.Config, kind: Kind) -> str:
    if url := os.environ.get(kind.variable):
        return url
    try:
        return config.stash[_RUN].url(kind)
    except NoServer as reason:
        _leave_out(kind, reason)


def leave_out(name: str, reason: str) -> NoReturn:
    """Skip the test because this server is missing, or fail it if stores are required."""
    text = f"{_MARK}{name}: {reason}"
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{text}; {REQUIRE}=1 demands it", pytrace=False)
    pytest.skip(text)


def _leave_out(kind: Kind, reason: NoServer) -> NoReturn:
    leave_out(kind.name, f"{reason}, and {kind.variable} names none")


def pytest_configure(config: pytest.Config) -> None:
    """Begin a run; in an xdist worker, join the controller's run."""
    given: dict[str, str] | None = getattr(config, "workerinput", None)
    config.stash[_RUN] = Run(Path(given[_INPUT])) if given else Run.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Send a worker the directory of its run."""
    node.workerinput[_INPUT] = str(node.config.stash[_RUN].directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run in the process that began it."""
    if not hasattr(config, "workerinput") and _RUN in config.stash:
        config.stash[_RUN].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line about the tests that were skipped without a server, and how to run them.

    pytest's summary has one line for each place and reason: without places, one for each server instead of a thousand.
    """
    left_out: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if _MARK in reason:
            left_out[reason.split(_MARK)[1].split(":")[0]] += 1
            report.longrepr = (str(terminalreporter.startpath), None, reason)
    if left_out:
        counts = ", ".join(f"{count} of {name}" for name, count in sorted(left_out.items()))
        terminalreporter.write_line(
            f"Left out for want of a server: tests {counts}. To have them: `make images` with a Docker engine "
            "(on Debian tests/servers/engine.sh starts one), or servers of yours in IOTFLOW_TEST_*_URL."
        )
