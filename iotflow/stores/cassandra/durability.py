"""Whether what a cluster acknowledges outlasts the kill of a node."""

from contextlib import suppress

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.driver import InvalidQuery

REPLICATION = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?"
COMMIT_LOG_SYNC = "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'"

WARNING = (
    "the keyspace {keyspace} has one copy, and Cassandra acknowledges before its commit log is on the disk "
    "(commitlog_sync: periodic): a node that is killed loses acknowledged telemetry; set commitlog_sync: batch in "
    "cassandra.yaml, or keep three copies (docs/stores-cassandra.md)"
)


async def durability_warnings(cassandra: Cassandra) -> list[str]:
    """Return a warning where one copy is kept and acknowledged before it is on the disk.

    Empty where a user may not read the node's settings, and where there is no keyspace yet.
    """
    # A user without the right is an error of the store's, a table that is not there one of the statement's.
    with suppress(StoreUnavailable, InvalidQuery):
        replication = await cassandra.execute(REPLICATION, [cassandra.address.keyspace])
        if not replication or _copies(replication[0][0]) > 1:
            return []
        if await cassandra.execute(COMMIT_LOG_SYNC) == [("periodic",)]:
            return [WARNING.format(keyspace=cassandra.address.keyspace)]
    return []


def _copies(replication: dict[str, str]) -> int:
    """How many nodes keep each row; `3/1` stands for three, one of them transient."""
    return sum(int(factor.partition("/")[0]) for name, factor in replication.items() if name != "class")
