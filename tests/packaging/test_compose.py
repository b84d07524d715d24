"""`docker compose up`: the image is built, and the service runs, confined, on the databases of compose.yaml."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import environment
from tests.packaging.compose import BUILD_DEADLINE_S, SECRETS, UP_DEADLINE_S, Compose, command, composed

PASSWORD = "correct horse battery"
RUNNING = ("service", "postgres", "cassandra", "redis", "mongo")
STARTS_WITHIN_S = 60.0

pytestmark = [pytest.mark.compose, pytest.mark.timeout(BUILD_DEADLINE_S + 2 * UP_DEADLINE_S)]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compose")


@pytest.fixture(scope="module")
def compose(directory: Path) -> Iterator[Compose]:
    """A running composition with an administrator."""
    with composed(directory) as compose:
        create = ["iotflow", "create-admin", "root", "root@example.org", "--password-stdin"]
        compose.done("exec", "-T", "service", *create, stdin=f"{PASSWORD}\n")
        yield compose


@pytest.fixture(scope="module")
def containers(compose: Compose) -> dict[str, dict[str, Any]]:
    """The engine's state of each container, by the service's name. Any: the engine's JSON."""
    found = {}
    for container in compose.done("ps", "--quiet").split():
        (inspected,) = json.loads(_docker("inspect", container))
        found[inspected["Config"]["Labels"]["com.docker.compose.service"]] = inspected
    return found


def test_the_service_is_healthy_and_a_simulation_passes(compose: Compose, tmp_path: Path) -> None:
    outcome = compose.run("exec", "-T", "service", "iotflow", "doctor")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert {line.split()[0]: line.split()[1:3] for line in outcome.stdout.splitlines()[1:5]} == {
        "sql": ["postgresql", "yes"],
        "telemetry": ["cassandra", "yes"],
        "documents": ["mongodb", "yes"],
        "cache": ["redis", "yes"],
    }
    assert "warning" not in outcome.stdout + outcome.stderr
    played = subprocess.run(
        [sys.executable, "-m", "iotflow", "simulate", "--url", compose.url, "--username", "root", "--duration", "3"],
        cwd=tmp_path,
        env=environment({"IOTFLOW_PASSWORD": PASSWORD}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr


def test_each_container_is_limited_and_confined(containers: dict[str, dict[str, Any]]) -> None:
    assert set(RUNNING) <= containers.keys()
    for name, container in containers.items():
        host = container["HostConfig"]
        assert host["Memory"] > 0, name
        assert host["NanoCpus"] > 0, name
        assert 0 < host["PidsLimit"] <= 1_000, name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["CapAdd"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert host["ReadonlyRootfs"] is (name != "cassandra"), name


@pytest.mark.parametrize("name", RUNNING)
def test_no_process_has_a_capability_is_root_or_may_gain_rights(compose: Compose, name: str) -> None:
    status = dict(line.split(":", 1) for line in compose.done("exec", "-T", name, "cat", "/proc/1/status").splitlines())
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd"):
        assert int(status[capabilities], 16) == 0, capabilities
    assert "0" not in status["Uid"].split()
    assert status["NoNewPrivs"].strip() == "1"


def test_no_secret_is_in_a_command_line(
    directory: Path, containers: dict[str, dict[str, Any]], compose: Compose
) -> None:
    passwords = [line.partition("=")[2] for line in (directory / "secrets").read_text().splitlines()]
    assert len(passwords) == len(SECRETS)
    for name, container in containers.items():
        shown = json.dumps(
            [container["Path"], container["Args"], container["Config"]["Healthcheck"]]
            if name in RUNNING
            else [container["Path"], container["Args"]]
        )
        if name in RUNNING:
            shown += _docker("top", container["Id"], "-eo", "pid,args")
        assert not [password for password in passwords if password in shown], name


def test_cassandra_requires_the_generated_passwords(compose: Compose) -> None:
    probe = """
import asyncio, os
from iotflow.domain.errors import StoreUnavailable
from iotflow.urls import parse_cassandra_url
from iotflow.stores.cassandra.session import Cassandra

async def ask(url, cql):
    cassandra = Cassandra(parse_cassandra_url(url))
    try:
        await cassandra.connect()
        print(await cassandra.execute(cql))
    except StoreUnavailable as error:
        print("refused:", error)
    finally:
        await cassandra.close()

async def main():
    for login in ("", "cassandra:cassandra@"):
        await ask(f"cassandra://{login}cassandra/iotflow", "SELECT release_version FROM system.local")
    own = os.environ["IOTFLOW_TELEMETRY_URL"]
    await ask(own, "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'")
    await ask(own, "SELECT * FROM system_auth.roles")

asyncio.run(main())
"""
    answers = compose.done("exec", "-T", "service", "python3", "-c", probe).splitlines()
    answers = [answer for answer in answers if "sharding" not in answer]
    assert [answer.startswith("refused:") for answer in answers] == [True, True, False, True], answers
    assert "batch" in answers[2]


def test_the_image_has_no_build_tools(compose: Compose) -> None:
    for tool in ("pip", "hatchling", "editables"):
        outcome = compose.run("exec", "-T", "service", "python3", "-c", f"import {tool}")
        assert "ModuleNotFoundError" in outcome.stderr, tool
    assert compose.run("exec", "-T", "service", "sh", "-c", "command -v cc gcc make").returncode != 0


def test_the_image_alone_serves_on_a_read_only_file_system(compose: Compose) -> None:
    confined = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    container = _docker("run", "--detach", *confined, "--volume", "/var/lib/iotflow", compose.name).strip()
    try:
        asked = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/health/ready').status)"
        deadline = time.monotonic() + STARTS_WITHIN_S
        while "200" not in _docker("exec", container, "python3", "-c", asked, check=False):
            assert time.monotonic() < deadline, _docker("logs", container)
            time.sleep(0.5)
        modes = _docker("exec", container, "sh", "-c", "cd /var/lib/iotflow && stat -c %a data data/*").split()
        assert set(modes) == {"700", "600"}
    finally:
        _docker("rm", "--force", "--volumes", container)


def test_without_secrets_nothing_starts_and_the_command_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "secrets"
    empty.touch()
    outcome = Compose(command(), {}, empty).run("up", "--detach")
    assert outcome.returncode != 0
    assert "make env" in outcome.stderr


def _docker(*arguments: str, check: bool = True) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=120, check=check).stdout
