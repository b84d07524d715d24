"""Migrations of the keyspace: created if missing, one process at a time, never downgraded."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from iotflow.addresses import CassandraAddress
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra import migrations
from iotflow.stores.cassandra.driver import Session
from iotflow.stores.cassandra.migrations import pending, stored_version, upgrade, wanted_version
from iotflow.stores.cassandra.session import Cassandra
from iotflow.urls import parse_cassandra_url
from tests.stores.cassandra import RawCassandra


@pytest.fixture
async def address(cassandra_url: str) -> AsyncIterator[CassandraAddress]:
    """A keyspace that does not exist yet."""
    address = parse_cassandra_url(f"{cassandra_url}/iotflow_test_{secrets.token_hex(6)}?replication=SimpleStrategy/1")
    yield address
    await RawCassandra(address).query(f"DROP KEYSPACE IF EXISTS {address.keyspace}")


@pytest.fixture
async def cassandra(address: CassandraAddress) -> AsyncIterator[Cassandra]:
    cassandra = Cassandra(address)
    yield cassandra
    await cassandra.close()


async def test_a_missing_keyspace_is_created_with_the_replication_of_the_url(
    cassandra: Cassandra, address: CassandraAddress
) -> None:
    await cassandra.connect()
    with pytest.raises(StoreUnavailable, match="schema is missing"):
        await cassandra.ping()
    assert await stored_version(cassandra) is None
    await upgrade(cassandra)
    assert await stored_version(cassandra) == wanted_version()
    await cassandra.ping()
    (found,) = await RawCassandra(address).query(
        f"SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{address.keyspace}'"
    )
    assert found["replication"] == {
        "class": "org.apache.cassandra.locator.SimpleStrategy",
        "replication_factor": "1",
    }


async def test_concurrent_upgrades_make_one_schema(cassandra: Cassandra, address: CassandraAddress) -> None:
    other = Cassandra(address)
    try:
        await asyncio.gather(upgrade(cassandra), upgrade(other))
        await upgrade(other)
        assert await stored_version(other) == wanted_version()
    finally:
        await other.close()
    steps = await RawCassandra(address).query(f"SELECT name, owner FROM {address.keyspace}.migrations")
    names = [step.split()[0] for step in pending(None)]
    assert sorted((step["name"], step["owner"]) for step in steps) == [(name, None) for name in names]


async def test_an_interrupted_step_is_run_again(cassandra: Cassandra, address: CassandraAddress) -> None:
    await upgrade(cassandra)
    raw = RawCassandra(address)
    await raw.query(f"DROP TABLE {address.keyspace}.telemetry_records")
    for step in pending(None):
        await raw.query(f"DELETE FROM {address.keyspace}.migrations WHERE name = '{step.split()[0]}'")
    assert await stored_version(cassandra) is None
    await upgrade(cassandra)
    await raw.query(f"SELECT measurements FROM {address.keyspace}.telemetry_records")


async def test_the_lock_of_a_killed_migration_expires(
    cassandra: Cassandra, address: CassandraAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(cassandra)
    await RawCassandra(address).query(
        f"INSERT INTO {address.keyspace}.migrations (name, owner) VALUES ('lock', uuid()) IF NOT EXISTS USING TTL 3"
    )
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 0.5)
    with pytest.raises(StoreUnavailable, match="another migration has been under way"):
        await upgrade(cassandra)
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 30.0)
    await upgrade(cassandra)


async def test_a_newer_schema_is_refused(cassandra: Cassandra, address: CassandraAddress) -> None:
    await upgrade(cassandra)
    await RawCassandra(address).query(f"INSERT INTO {address.keyspace}.migrations (name) VALUES ('9999_later')")
    assert await stored_version(cassandra) == "9999_later"
    with pytest.raises(StoreUnavailable, match="newer version of IoTFlow: 9999_later"):
        await upgrade(cassandra)
    with pytest.raises(StoreUnavailable, match="newer version of IoTFlow: 9999_later"):
        pending("9999_later")


def test_pending_lists_each_missing_step() -> None:
    assert pending(None)[0] == "0001_telemetry Telemetry by device and day"
    assert pending(wanted_version()) == []


async def test_a_keyspace_that_another_process_is_creating_is_awaited(
    cassandra: Cassandra, address: CassandraAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row in `system_schema` is readable before `USE` accepts its name."""
    use_keyspace, refusals = Session.use_keyspace, [2]

    async def use_too_early(session: Session, keyspace: str) -> None:
        if refusals[0]:
            refusals[0] -= 1
            keyspace = "iotflow_missing"
        await use_keyspace(session, keyspace)

    await cassandra.connect()
    monkeypatch.setattr(Session, "use_keyspace", use_too_early)
    await upgrade(cassandra)
    assert await stored_version(cassandra) == wanted_version()
    assert refusals == [0]
