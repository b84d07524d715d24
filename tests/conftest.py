"""Markers, and fixtures that several folders use."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotflow.api.compiled import routes
from iotflow.cli.databases import migrate
from iotflow.composition import open_stores
from iotflow.domain.context import RequestContext, SystemPrincipal
from iotflow.services import passwords
from iotflow.services.container import build_services
from iotflow.settings import Settings, load_settings
from iotflow.stores.sql import sqlite_engine
from tests.api.clients import ADMIN, PASSWORD
from tests.cheap_passwords import CHEAP_ARGON2
from tests.clock import FakeClock
from tests.compiled_once import shared_plan, sharing_engine
from tests.server_stack import ServerStack, Tables
from tests.servers.kinds import KINDS
from tests.stores.postgres import drop_database, migrated_database

pytest_plugins = ["tests.servers.fixtures"]

SERVER_FIXTURES = {"postgres_url", "cassandra_url", "redis_url", "mongodb_url", "own_server", "cassandra_cluster"}
SERVER_PARAMETERS = {"servers", *(kind.name for kind in KINDS)}
"""Parameters by which a fixture or a test chooses a server when it runs."""

SLOW = {
    "bench",
    "browser",
    "cli",
    "faults",
    "packaging",
    "schema",
    "test_a_process_continues_the_counts_of_a_killed_one",
    "test_access_matrix",
    "test_alert_weather",
    "test_demo",
    "test_every_route_answers_every_principal_as_by_fastapi",
    "test_examples",
    "test_login",
    "test_model",
    "test_no_message_holds_anything_of_the_implementation",
    "test_order_of_errors",
}
"""Folders, modules and tests that are marked slow."""

LEFT_OUT = ("abuse", "compose", "sdks", "soak")
"""Markers of tests that need an idle machine, or minutes."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test by its fixtures, parameters and folder, for `pytest -m "not servers"` and the like."""
    fixtures = set(getattr(item, "fixturenames", ()))
    callspec = getattr(item, "callspec", None)
    parameters = [value for value in callspec.params.values() if isinstance(value, str)] if callspec else []
    folders = set(item.path.relative_to(item.config.rootpath).parts)
    if fixtures & SERVER_FIXTURES or SERVER_PARAMETERS.intersection(parameters) or "servers" in folders:
        item.add_marker("servers")
    if {*folders, item.path.stem, item.name.partition("[")[0]} & SLOW:
        item.add_marker("slow")
    if "abuse" in folders:
        item.add_marker("abuse")
    if "faults" in folders or item.path.stem.endswith("_faults"):
        item.add_marker("faults")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of `LEFT_OUT` unless `-m` names them. An `-m` in `addopts` would lose to any other."""
    unnamed = [marker for marker in LEFT_OUT if marker not in config.getoption("markexpr")]
    left_out = {item for item in items for marker in unnamed if item.get_closest_marker(marker)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Collect garbage less often, and leave out what collection made, through which each full one would walk again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords of services in process at the least cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "ARGON2", CHEAP_ARGON2)
        yield


@pytest.fixture(scope="session", autouse=True)
def _commits_in_memory() -> Iterator[None]:
    """Leave commits of SQLite in process to the kernel: only a crash of the machine would lose them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_engine, "SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Compile routes, and statements for SQLite, once in a test process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "ArgumentPlan", shared_plan)
        patch.setattr(sqlite_engine, "create_async_engine", sharing_engine)
        yield


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the test's service."""
    return FakeClock()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database of this test worker."""
    url = asyncio.run(migrated_database(postgres_url))
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture(scope="session")
def server_stack(postgres_url: str, cassandra_url: str, redis_url: str, mongodb_url: str) -> Iterator[ServerStack]:
    """This test worker's databases on all four servers, migrated. Each test that uses them calls `restore` first."""
    stack = asyncio.run(ServerStack.create(postgres_url, cassandra_url, redis_url, mongodb_url))
    yield stack
    asyncio.run(stack.remove())


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of migrated embedded stores with one administrator; copying it is faster than migrating."""
    data_dir = tmp_path_factory.mktemp("prepared")
    asyncio.run(_prepare(load_settings(data_dir=data_dir)))
    return data_dir


@pytest.fixture(scope="session")
def prepared_tables(server_stack: ServerStack, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """All rows of a migrated PostgreSQL with one administrator."""
    asyncio.run(server_stack.restore({}))
    asyncio.run(_prepare(server_stack.settings(tmp_path_factory.mktemp("servers"))))
    return asyncio.run(server_stack.tables())


async def _prepare(settings: Settings) -> None:
    """Migrate the databases and create the administrator."""
    await migrate(settings)
    clock = FakeClock()
    async with open_stores(settings, clock) as stores:
        services = build_services(stores, settings, clock)
        await services.accounts.register(
            RequestContext(SystemPrincipal()), ADMIN, f"{ADMIN}@example.org", PASSWORD, is_admin=True
        )
        await services.close()
