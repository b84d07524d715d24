"""Warnings about a Cassandra that loses acknowledged data if its only node is killed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from iotflow.stores.cassandra.migrations import durability_warnings
from iotflow.stores.cassandra.session import Cassandra
from iotflow.urls import parse_cassandra_url
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
async def test_one_copy_with_a_periodic_commit_log_is_reported(
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
    # Without the right to read the node's settings there is no warning and no error.
    await run(superuser, "CREATE ROLE ada WITH LOGIN = true AND PASSWORD = 'secret'")
    await run(superuser, "GRANT ALL PERMISSIONS ON KEYSPACE one TO ada")
    assert await warnings(f"cassandra://ada:secret@{place}/one") == []
    await run(superuser, "GRANT SELECT ON system_views.settings TO ada")
    async with asyncio.timeout(30):  # the node caches permissions for 2 s
        while not await warnings(f"cassandra://ada:secret@{place}/one"):  # noqa: ASYNC110  # Cassandra sends no event
            await asyncio.sleep(0.5)
    # The rights in docs/stores-cassandra.md suffice for a migration.
    environment["IOTFLOW_TELEMETRY_URL"] = f"cassandra://ada:secret@{place}/one"
    await run(superuser, "DROP KEYSPACE one")
    await run(superuser, "CREATE KEYSPACE one WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    await run(superuser, "GRANT ALL PERMISSIONS ON KEYSPACE one TO ada")
    outcome = await asyncio.to_thread(iotflow, "migrate", cwd=tmp_path, env=environment)
    assert outcome.returncode == 0, outcome.stderr


async def warnings(url: str) -> list[str]:
    """Return the warnings of a keyspace."""
    cassandra = Cassandra(parse_cassandra_url(url))
    try:
        return await durability_warnings(cassandra)
    finally:
        await cassandra.close()


async def run(url: str, statement: str) -> None:
    """Run a statement as this user."""
    cassandra = Cassandra(parse_cassandra_url(f"{url}/none"))
    try:
        await cassandra.change_schema(statement, timeout_s=STATEMENT_TIMEOUT_S)
    finally:
        await cassandra.close()
