"""What all tests share."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.clock import FakeClock
from tests.four import Four
from tests.stores.postgres import drop_database, migrated_database

pytest_plugins = ["tests.servers.fixtures"]


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
