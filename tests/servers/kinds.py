"""The kinds of server that stores need: how to start, address and probe each."""

import asyncio
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # the driver has no types
import pymongo
import redis
from pymongo.errors import PyMongoError

READY_TIMEOUT_S = 5.0
USER = "iotflow"
# JVM option: a node starts in half the time, and is slower afterwards.
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# With it `-Dcassandra.settings.NAME=VALUE` replaces a line of cassandra.yaml, as in compose.yaml.
SETTINGS = "-Dcassandra.config.allow_system_properties=true"
SYNCED_COMMIT_LOG = (
    f"{SETTINGS} -Dcassandra.settings.commitlog_sync=batch -Dcassandra.settings.commitlog_sync_period=0ms"
)
PASSWORDS = (
    f"{SETTINGS} -Dcassandra.settings.authenticator=PasswordAuthenticator "
    "-Dcassandra.settings.authorizer=CassandraAuthorizer"
)
"""Settings for authentication; the first superuser is cassandra, password cassandra."""
NODE_ALONE = "-Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=0"

# The OPTIONS request of the native protocol, version 4, and the opcode of its answer, SUPPORTED.
_CQL_OPTIONS = bytes([4, 0, 0, 0, 5, 0, 0, 0, 0])
_CQL_SUPPORTED = 6


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server. `url` and `is_ready` take host, port and password; `is_ready` returns within seconds."""

    name: str
    variable: str
    """The environment variable with the URL of a server to use instead of starting one."""
    setting: str
    port: int
    environment: Callable[[str], Mapping[str, str]]
    command: Callable[[str], list[str]]
    url: Callable[[str, int, str], str]
    is_ready: Callable[[str, int, str], bool]


def new_password() -> str:
    """Return a password without characters that need escaping in a URL."""
    return secrets.token_urlsafe(12)


def _postgres_is_ready(host: str, port: int, password: str) -> bool:
    async def connect() -> None:
        connection = await asyncpg.connect(
            host=host, port=port, user=USER, password=password, database="postgres", timeout=READY_TIMEOUT_S
        )
        await connection.close()

    try:
        asyncio.run(connect())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


def _redis_is_ready(host: str, port: int, password: str) -> bool:
    try:
        with redis.Redis(host=host, port=port, password=password, socket_timeout=READY_TIMEOUT_S) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _mongo_is_ready(host: str, port: int, password: str) -> bool:
    url = _mongo_url(host, port, password)
    try:
        with pymongo.MongoClient[dict[str, Any]](
            url, serverSelectionTimeoutMS=500, socketTimeoutMS=int(READY_TIMEOUT_S * 1_000)
        ) as client:
            client.admin.command("listDatabases", nameOnly=True)
    except PyMongoError:
        return False
    return True


def _cassandra_is_ready(host: str, port: int, password: str) -> bool:
    """Return whether a node accepts clients, with TLS or without. The request needs no password."""
    del password
    plain = ssl.create_default_context()
    plain.check_hostname = False
    plain.verify_mode = ssl.CERT_NONE
    for context in (None, plain):
        try:
            with (
                socket.create_connection((host, port), READY_TIMEOUT_S) as connection,
                context.wrap_socket(connection) if context else connection as stream,
            ):
                stream.sendall(_CQL_OPTIONS)
                answer = stream.recv(9)
                if len(answer) >= 5 and answer[4] == _CQL_SUPPORTED:
                    return True
        except OSError:
            continue
    return False


def _mongo_url(host: str, port: int, password: str) -> str:
    return f"mongodb://{USER}:{password}@{host}:{port}"


POSTGRES = Kind(
    name="postgres",
    variable="IOTFLOW_TEST_POSTGRES_URL",
    setting="IOTFLOW_DATABASE_URL",
    port=5432,
    environment=lambda password: {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": password, "POSTGRES_DB": "postgres"},
    command=lambda _: ["-c", "max_connections=500"],
    url=lambda host, port, password: f"postgresql+asyncpg://{USER}:{password}@{host}:{port}/postgres",
    is_ready=_postgres_is_ready,
)
CASSANDRA = Kind(
    name="cassandra",
    variable="IOTFLOW_TEST_CASSANDRA_URL",
    setting="IOTFLOW_TELEMETRY_URL",
    port=9042,
    # The official image reads the heap size from MAX_HEAP_SIZE and other JVM options from JVM_EXTRA_OPTS.
    environment=lambda _: {
        "JVM_OPTIONS": f"-Xms512m -Xmx1g {QUICK_START}",
        "MAX_HEAP_SIZE": "1g",
        "HEAP_NEWSIZE": "256m",
        "JVM_EXTRA_OPTS": f"{NODE_ALONE} {SYNCED_COMMIT_LOG}",
    },
    command=lambda _: [],
    url=lambda host, port, _: f"cassandra://{host}:{port}",
    is_ready=_cassandra_is_ready,
)
REDIS = Kind(
    name="redis",
    variable="IOTFLOW_TEST_REDIS_URL",
    setting="IOTFLOW_CACHE_URL",
    port=6379,
    environment=lambda _: {},
    command=lambda password: ["redis-server", "--bind", "*", "--save", "", "--requirepass", password],
    url=lambda host, port, password: f"redis://:{password}@{host}:{port}/0",
    is_ready=_redis_is_ready,
)
MONGO = Kind(
    name="mongo",
    variable="IOTFLOW_TEST_MONGODB_URL",
    setting="IOTFLOW_DOCUMENTS_URL",
    port=27017,
    environment=lambda password: {"MONGO_INITDB_ROOT_USERNAME": USER, "MONGO_INITDB_ROOT_PASSWORD": password},
    command=lambda _: ["mongod", "--wiredTigerCacheSizeGB", "0.5"],
    url=_mongo_url,
    is_ready=_mongo_is_ready,
)
KINDS = (POSTGRES, CASSANDRA, REDIS, MONGO)
