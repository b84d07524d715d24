"""What all tests share."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.clock import FakeClock
from tests.four import Four
from tests.servers.kinds import KINDS
from tests.stores.postgres import drop_database, migrated_database

pytest_plugins = ["tests.servers.fixtures"]

SERVER_FIXTURES = {"postgres_url", "cassandra_url", "redis_url", "mongodb_url", "own_server", "cassandra_cluster"}
SERVER_PARAMETERS = {"four", *(kind.name for kind in KINDS)}
"""Parameters by which a fixture or a test chooses a server when it runs."""

SLOW = {"bench", "browser", "cli", "client", "faults", "packaging", "schema", "test_demo", "test_examples"}
"""Folders and modules."""

LEFT_OUT = ("abuse", "compose", "soak")
"""Markers of tests that need the machine to themselves, or minutes."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test by its fixtures, its parameters and its folder, for `pytest -m "not servers"` and the like."""
    fixtures = set(getattr(item, "fixturenames", ()))
    callspec = getattr(item, "callspec", None)
    parameters = [value for value in callspec.params.values() if isinstance(value, str)] if callspec else []
    folder = item.path.parent.name
    if fixtures & SERVER_FIXTURES or SERVER_PARAMETERS.intersection(parameters) or folder == "servers":
        item.add_marker("servers")
    if {folder, item.path.stem} & SLOW:
        item.add_marker("slow")
    if folder == "abuse":
        item.add_marker("abuse")
    if folder == "faults" or item.path.stem.endswith("_faults"):
        item.add_marker("faults")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs alone or for long unless `-m` names it. An `-m` in `addopts` would lose to any other one."""
    unnamed = [marker for marker in LEFT_OUT if marker not in config.getoption("markexpr")]
    left_out = {item for item in items for marker in unnamed if item.get_closest_marker(marker)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def clock() -> FakeClock:
    """The time of the test's own world."""
    return FakeClock()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """A database of PostgreSQL with the wanted schema, of this test worker alone."""
    url = asyncio.run(migrated_database(postgres_url))
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture(scope="session")
def four(postgres_url: str, cassandra_url: str, redis_url: str, mongodb_url: str) -> Iterator[Four]:
    """Databases of this test worker's own on all four servers, with their schemas. A test that uses them restores."""
    four = asyncio.run(Four.made(postgres_url, cassandra_url, redis_url, mongodb_url))
    yield four
    asyncio.run(four.remove())
