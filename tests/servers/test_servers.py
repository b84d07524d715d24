"""The test servers and fixtures that other tests rely on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]  # the driver has no types
import pymongo
import pytest
import redis

from tests.servers import fixtures
from tests.servers.containers import LABEL, NoServer, Server, engine
from tests.servers.fixtures import REQUIRE
from tests.servers.images import build
from tests.servers.kinds import CASSANDRA, KINDS, REDIS, Kind
from tests.servers.runs import Run, remove_leftovers

ROOT = Path(__file__).parents[2]
NO_ENGINE = "unix:///nonexistent.sock"

ASKING = """
def test_that_asks(redis_url, mongodb_url): pass
def test_that_asks_too(redis_url): pass
def test_that_asks_for_its_own(own_server):
    from tests.servers.kinds import POSTGRES
    own_server(POSTGRES)
def test_that_asks_nothing(): pass
"""


async def test_the_user_of_the_postgres_url_may_create_databases(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""), timeout=10)
    name = f"made_by_{os.getpid()}"
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.execute(f"DROP DATABASE {name}")
    await connection.close()


def test_the_redis_url_has_the_password(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, socket_timeout=10) as client:
        assert client.ping()


def test_the_mongodb_url_has_the_password(mongodb_url: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongodb_url, serverSelectionTimeoutMS=10_000) as client:
        assert "admin" in client.list_database_names()


def test_the_cassandra_url_has_no_keyspace(cassandra_url: str) -> None:
    url = urlsplit(cassandra_url)
    assert (url.scheme, url.path) == ("cassandra", "")
    assert CASSANDRA.is_ready(str(url.hostname), int(url.port or 0), "")


def test_an_own_server_keeps_port_and_data_after_pause_and_kill(own_server: Callable[..., Server]) -> None:
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


def test_an_own_server_is_published_on_the_loopback_only(own_server: Callable[..., Server]) -> None:
    server = own_server(REDIS)
    with engine() as client:
        (container,) = client.containers.list(filters={"publish": str(server.port)})
        assert container.ports["6379/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(server.port)}]


def test_containers_of_dead_runs_are_removed_and_of_living_runs_are_not(pytestconfig: pytest.Config) -> None:
    living, dead = Run.begin(), Run.begin()
    try:
        kept, left = Server(REDIS, living.labels), Server(REDIS, dead.labels)
    except NoServer as reason:
        pytest.skip(f"no server: redis: {reason}")
    try:
        kept.create()
        left.create()
        dead._alive.release()
        remove_leftovers()
        # Another worker may be removing it.
        deadline = time.monotonic() + 30
        while _containers(dead) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _containers(dead) == 0
        assert _containers(living) == 1
    finally:
        for run in (living, dead):
            (run.directory / "redis.lock").touch()
            run.end()
    assert _containers(living) == 0


def test_without_an_engine_tests_are_skipped_with_one_line_of_advice(tmp_path: Path) -> None:
    status, output = _run_without_engine(tmp_path)
    assert status == 0, output
    assert "1 passed, 3 skipped" in output
    (line,) = [line for line in output.splitlines() if line.startswith("Left out")]
    assert line.startswith(
        "Left out for want of a server: tests 1 of postgres, 2 of redis. To have them: `make images`"
    )
    skipped = sorted(line.partition(": no Docker")[0] for line in output.splitlines() if line.startswith("SKIPPED"))
    assert skipped == ["SKIPPED [1] .: no server: postgres", "SKIPPED [2] .: no server: redis"]


def test_with_required_stores_a_missing_server_fails_the_test(tmp_path: Path) -> None:
    status, output = _run_without_engine(tmp_path, **{REQUIRE: "1"})
    assert status == 1, output
    assert "skipped" not in output
    assert "Left out" not in output
    assert f"no Docker engine answers, and IOTFLOW_TEST_REDIS_URL names none; {REQUIRE}=1 demands it" in output


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_url_in_the_environment_needs_no_engine(
    kind: Kind, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    monkeypatch.setenv(kind.variable, f"given://{kind.name}")
    assert fixtures._url(pytestconfig, kind) == f"given://{kind.name}"


def test_the_command_reports_a_missing_engine_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.servers", "stop"], env=_environment(), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "no Docker engine answers: on Debian, as root, tests/servers/engine.sh brings one up\n"


def test_a_download_with_another_checksum_is_refused(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  server.jar\n")
    (tmp_path / "server.jar").write_text("something else")
    with pytest.raises(SystemExit, match=r"server\.jar does not match SHA256SUMS"):
        build._verify(tmp_path, tmp_path)


def _containers(run: Run) -> int:
    with engine() as client:
        return len(client.containers.list(all=True, filters={"label": f"{LABEL}={run.directory}"}))


def _environment(**variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("IOTFLOW_", "PYTEST_"))}
    return {**inherited, "DOCKER_HOST": NO_ENGINE, **variables}


def _run_without_engine(tmp_path: Path, **variables: str) -> tuple[int, str]:
    """Run the tests in `ASKING` in a worker without an engine; return the exit status and the output."""
    asking, settings = tmp_path / "test_asking.py", tmp_path / "pytest.ini"
    asking.write_text(ASKING)
    settings.write_text(
        "[pytest]\naddopts = -ra -n 1 -p xdist.plugin -p tests.servers.fixtures\nfilterwarnings = error\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(settings), str(asking)],
        env=_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr
