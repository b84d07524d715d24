"""Three Cassandra nodes on loopback addresses, in the host's network."""

import secrets
from collections.abc import Mapping

from tests.servers.containers import Server
from tests.servers.kinds import CASSANDRA, QUICK_START, SYNCED_COMMIT_LOG


def cluster(labels: Mapping[str, str]) -> list[Server]:
    """Return the nodes, not started. Create them one after another."""
    # Clusters of several workers and checkouts run side by side.
    network = f"127.{secrets.randbelow(100) + 100}.{secrets.randbelow(256)}"
    addresses = [f"{network}.{node}" for node in (1, 2, 3)]
    environment = {
        "CASSANDRA_SEEDS": f"{addresses[0]}:7000",
        "CASSANDRA_NUM_TOKENS": "4",
        "JVM_OPTIONS": f"-Xms512m -Xmx512m {QUICK_START}",
        "JVM_EXTRA_OPTS": SYNCED_COMMIT_LOG,
    }
    return [
        Server(
            CASSANDRA,
            labels,
            address=address,
            environment={
                **environment,
                "CASSANDRA_ADDRESS": address,
                "CASSANDRA_AUTO_BOOTSTRAP": "true" if address == addresses[0] else "false",
            },
        )
        for address in addresses
    ]
