"""Create the service's role in Cassandra and set the password of its first superuser. `compose.yaml` runs this.

Idempotent: a second run only sets the passwords to those of the environment.
"""

import asyncio
import os
import time

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.cassandra.session import Cassandra
from iotflow.urls import parse_cassandra_url

FIRST_PASSWORD = "cassandra"  # noqa: S105  # of every new cluster's superuser
WAIT_S = 90.0
"""The superuser is made some 10 s after a new cluster is ready."""
STATEMENT_TIMEOUT_S = 30.0

SERVICE_PASSWORD = os.environ["CASSANDRA_PASSWORD"]
SUPERUSER_PASSWORD = os.environ["CASSANDRA_SUPERUSER_PASSWORD"]

STATEMENTS = (
    f"ALTER ROLE cassandra WITH PASSWORD = '{SUPERUSER_PASSWORD}'",
    "CREATE KEYSPACE IF NOT EXISTS iotflow WITH replication = "
    "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}",
    "CREATE ROLE IF NOT EXISTS iotflow WITH LOGIN = true",
    f"ALTER ROLE iotflow WITH PASSWORD = '{SERVICE_PASSWORD}'",
    "GRANT ALL PERMISSIONS ON KEYSPACE iotflow TO iotflow",
    # Where it reads how the commit log is synced.
    "GRANT SELECT ON system_views.settings TO iotflow",
)


async def main() -> None:
    """Log in as the superuser, by either password, and run the statements."""
    until = time.monotonic() + WAIT_S
    while True:
        for password in (SUPERUSER_PASSWORD, FIRST_PASSWORD):
            cassandra = Cassandra(parse_cassandra_url(f"cassandra://cassandra:{password}@cassandra/iotflow"))
            try:
                await cassandra.connect()
                for statement in STATEMENTS:
                    await cassandra.change_schema(statement, timeout_s=STATEMENT_TIMEOUT_S)
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
            else:
                return
            finally:
                await cassandra.close()
        await asyncio.sleep(1)


asyncio.run(main())
