"""Operators are warned of a Cassandra that acknowledges what the kill of its one node loses."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from iotflow.stores.cassandra.address import parse_address
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.durability import durability_warnings
from tests.cli.command import iotflow
from tests.processes import ServiceProcess
from tests.servers.containers import Server
from tests.servers.kinds import CASSANDRA, NODE_ALONE, PASSWORDS
from tests.stores.test_cassandra_connection import first_login

WARNED = (
    "IOTFLOW_TELEMETRY_URL: the keyspace one has one copy, and Cassandra acknowledges before its commit log is on the "
    "disk (commitlog_sync: periodic)"
)
STATEMENT_TIMEOUT_S = 30.0


@pytest.mark.timeout(300)
async def test_one_copy_and_a_commit_log_that_is_synced_later(
    own_server: Callable[..., Server], tmp_path: Path
) -> None:
    options = f"{NODE_ALONE} {PASSWORDS} -Dcassandra.settings.commitlog_sync=periodic"
    server = await asyncio.to_thread(own_server, CASSANDRA, environment={"JVM_EXTRA_OPTS": options})
    place = server.url.removeprefix("cassandra://")
    superuser = f"cassandra://cassandra:cassandra@{place}"
    await first_login(f"{superuser}/one")

    environment = {"IOTFLOW_TELEMETRY_URL": f"{superuser}/one", "IOTFLOW_DATA_DIR": str(tmp_path / "data")}
    for command in ("migrate", "doctor"):
        outcome = await asyncio.to_thread(iotflow, command, cwd=tmp_path, env=environment)
        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stderr.startswith(f"iotflow: warning: {WARNED}"), outcome.stderr
        assert len(outcome.stderr.splitlines()) == 1
    with ServiceProcess(tmp_path / "data", environment) as service:
        assert service.log().count(WARNED) == 1

    assert await warnings(f"{superuser}/none") == []
    await run(
        superuser, "CREATE KEYSPACE three WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}"
    )
    assert await warnings(f"{superuser}/three") == []
    # A user who may not read the node's settings is none the worse.
    await run(superuser, "CREATE ROLE ada WITH LOGIN = true AND PASSWORD = 'secret'")
    await run(superuser, "GRANT ALL PERMISSIONS ON KEYSPACE one TO ada")
    assert await warnings(f"cassandra://ada:secret@{place}/one") == []
    await run(superuser, "GRANT SELECT ON system_views.settings TO ada")
    async with asyncio.timeout(30):  # the node remembers for 2 s what a user may not
        while not await warnings(f"cassandra://ada:secret@{place}/one"):  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.5)
    # One with the rights of the documentation brings the keyspace to its schema.
    environment["IOTFLOW_TELEMETRY_URL"] = f"cassandra://ada:secret@{place}/one"
    await run(superuser, "DROP KEYSPACE one")
    await run(superuser, "CREATE KEYSPACE one WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    await run(superuser, "GRANT ALL PERMISSIONS ON KEYSPACE one TO ada")
    outcome = await asyncio.to_thread(iotflow, "migrate", cwd=tmp_path, env=environment)
    assert outcome.returncode == 0, outcome.stderr


async def warnings(url: str) -> list[str]:
    """The warnings of a keyspace."""
    cassandra = Cassandra(parse_address(url))
    try:
        return await durability_warnings(cassandra)
    finally:
        await cassandra.close()


async def run(url: str, statement: str) -> None:
    """Run a statement as this user."""
    cassandra = Cassandra(parse_address(f"{url}/none"))
    try:
        await cassandra.change_schema(statement, timeout_s=STATEMENT_TIMEOUT_S)
    finally:
        await cassandra.close()
