"""The test servers themselves: what the other tests rely on when they ask for one."""

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import asyncpg
import docker
import pymongo
import pytest
import redis
from filelock import FileLock

from tests.servers.containers import LABEL, Server, engine
from tests.servers.fixtures import REQUIRE
from tests.servers.images import available
from tests.servers.kinds import KINDS, REDIS
from tests.servers.runs import Run, remove_leftovers

ROOT = Path(__file__).parents[2]
NO_ENGINE = "unix:///nonexistent.sock"


async def test_the_url_of_postgres_leads_to_a_server_that_lets_databases_be_made(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""), timeout=10)
    name = f"made_by_{os.getpid()}"
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.execute(f"DROP DATABASE {name}")
    await connection.close()


def test_the_url_of_redis_holds_the_password(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, socket_timeout=10) as client:
        assert client.ping()


def test_the_url_of_mongodb_holds_the_password(mongodb_url: str) -> None:
    with pymongo.MongoClient(mongodb_url, serverSelectionTimeoutMS=10_000) as client:
        assert "admin" in client.list_database_names()


async def test_the_url_of_cassandra_names_no_keyspace(cassandra_url: str) -> None:
    assert cassandra_url.startswith("cassandra://")
    assert cassandra_url.count("/") == 2


def test_a_server_of_its_own_is_paused_killed_and_comes_back_where_it_was(own_server: Callable[..., Server]) -> None:
    server = own_server(REDIS)
    with redis.Redis.from_url(server.url, socket_timeout=1, socket_connect_timeout=1) as client:
        client.set("kept", "while paused")
        server.pause()
        with pytest.raises(redis.TimeoutError):
            client.get("kept")
        server.unpause()
        assert client.get("kept") == b"while paused"
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("kept")
        server.start()
        assert client.get("kept") is None
        server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("kept")
