"""Servers for development: `python -m tests.servers start`, and `stop`.

Their ports and passwords are fixed. They keep their data until `stop`; no test run uses or removes them.
"""

import contextlib
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor

from docker.errors import NotFound

from tests.servers.containers import LOOPBACK, NoServer, Server, engine
from tests.servers.kinds import CASSANDRA, KINDS, MONGO, POSTGRES, REDIS, USER, Kind

PORTS = {POSTGRES: 15432, CASSANDRA: 19042, REDIS: 16379, MONGO: 17017}
LABELS = {"iotflow-dev": "1"}
PASSWORD = USER
"""A fixed password: only local processes can reach the ports."""


def main() -> None:
    """Start or stop the database servers."""
    commands = {"start": start, "stop": stop}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit("usage: python -m tests.servers start|stop")
    try:
        commands[sys.argv[1]]()
    except NoServer as reason:
        sys.exit(f"{reason}: on Debian, as root, tests/servers/engine.sh brings one up")


def start() -> None:
    """Start the servers that do not run, and print the settings that use them."""
    with ThreadPoolExecutor(len(KINDS)) as pool:
        list(pool.map(_start, KINDS))
    for kind in KINDS:
        keyspace = "/iotflow" if kind is CASSANDRA else ""
        url = kind.url(LOOPBACK, PORTS[kind], PASSWORD) + keyspace
        print(f"export {kind.setting}={shlex.quote(url)}")


def stop() -> None:
    """Remove the servers and their data."""
    with engine() as client:
        for kind in KINDS:
            with contextlib.suppress(NotFound):
                client.containers.get(_name(kind)).remove(force=True, v=True)


def _start(kind: Kind) -> None:
    if kind.is_ready(LOOPBACK, PORTS[kind], PASSWORD):
        return
    with engine() as client, contextlib.suppress(NotFound):
        client.containers.get(_name(kind)).remove(force=True, v=True)
    # A load test must find the server at full speed.
    environment = {"JVM_OPTIONS": "-Xms512m -Xmx1g"} if kind is CASSANDRA else {}
    server = Server(kind, LABELS, environment=environment, name=_name(kind), port=PORTS[kind], password=PASSWORD)
    server.create()


def _name(kind: Kind) -> str:
    return f"iotflow-dev-{kind.name}"


if __name__ == "__main__":
    main()
