"""`iotflow simulate` against a real service, and against a proxy with wrong responses."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.http.account import Account
from tests.cli.http.misbehaving_server import Answer, misbehaving_server
from tests.cli.importer.importing import Run
from tests.processes import ServiceProcess, free_port

STEPS = ["users", "devices", "groups", "grouping", "telemetry", "latest", "history", "status", "health", "summary"]
INCIDENT_STEPS = ["webhooks", "rules", "usual", "overheat", "silence", "delivery", "acknowledge", "recovery"]
SMALL = ("--devices", 3, "--duration", 2.2, "--rate", 2)
"""Four submissions per device. The last is due a third of a second before the end, so that slow machines send it."""


def rows(output: str) -> dict[str, list[str]]:
    """Return the lines of the table: the other columns by step."""
    lines = [line.split() for line in output.splitlines()]
    assert lines[0] == ["step", "requests", "errors", "p50", "ms", "p95", "ms", "p99", "ms", "checks"]
    return {line[0]: line[1:] for line in lines[1:] if line}


def test_all_steps_against_a_temporary_service(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "iotflow", "simulate", "--devices", "3", "--duration", "2.2", "--rate", "2"]
    # The settings of a real service must not reach the temporary one.
    mine = {"IOTFLOW_DATA_DIR": str(tmp_path / "mine"), "IOTFLOW_DATABASE_URL": "nonsense", "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env={**os.environ, **mine}, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    table = rows(done.stdout)
    assert list(table) == STEPS
    for requests, errors, *quantiles, checks in table.values():
        assert int(requests.replace(",", "")) > 0
        assert (errors, checks) == ("0", "ok")
        p50, p95, p99 = (float(quantile) for quantile in quantiles)
        assert 0 < p50 <= p95 <= p99
    assert table["telemetry"][0] == "12"
    assert sum(int(row[0]) for step, row in table.items() if step != "summary") == int(table["summary"][0])
    assert list(tmp_path.iterdir()) == [], "the temporary data is removed"


def test_the_same_seed_sends_the_same_measurements(iotflow: Run, account: Account) -> None:
    def measured(seed: int) -> list[list[dict[str, Any]]]:
        before = set(account.devices())
        result = iotflow("simulate", "--url", account.url, "--username", account.username, "--seed", seed, *SMALL)
        assert result.exit_code == 0, result.stderr
        made = sorted(set(account.devices()) - before, key=lambda name: name.rpartition("-")[2])
        assert len(made) == 3
        return [list(account.points(name).values()) for name in made]

    first, again, other = measured(7), measured(7), measured(8)
    assert {len(records) for records in first} == {4}
    assert first == again
    assert first != other
    assert len(account.get("/groups")["groups"]) == 9


def test_a_token_of_the_environment_signs_in(iotflow: Run, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTFLOW_TOKEN", account.token)
    assert iotflow("simulate", "--url", account.url, *SMALL).exit_code == 0
    assert len(account.devices()) == 3


def put(*keys: str | int, to: Any) -> Callable[[Any], None]:
    """Return a change of one value of a body; `to` may be a function of the old value."""

    def change(body: Any) -> None:
        for key in keys[:-1]:
            body = body[key]
        body[keys[-1]] = to(body[keys[-1]]) if callable(to) else to

    return change


ID = r"/api/v1/telemetry/\d+"
WRONG_ANSWERS: dict[str, tuple[str, str, Callable[[Any], None]]] = {
    "another account": ("users", "GET /api/v1/users/me", put("user", "username", to="mallory")),
    "a new device that is active": ("devices", "GET /api/v1/devices/status", put("status", to="active")),
    "a key of another device": ("devices", "GET /api/v1/devices/status", put("device_id", to=999_999)),
    "a list without a device": ("devices", "GET /api/v1/devices/user/me", put("devices", to=[])),
    "a new group that is not empty": ("groups", "POST /api/v1/groups", put("group", "device_count", to=1)),
    "a device not taken": ("grouping", r"POST /api/v1/groups/\d+/devices/bulk", put("added", to=[])),
    "a device taken twice": ("grouping", r"POST /api/v1/groups/\d+/devices/bulk", put("skipped", to=[])),
    "a group without its device": ("grouping", r"GET /api/v1/groups/\d+/devices", put("devices", to=[])),
    "a value less accepted": ("telemetry", "POST /api/v1/telemetry", put("accepted", to=4)),
    "another time accepted": ("telemetry", "POST /api/v1/telemetry", put("timestamp", to="2026-01-31T09:30:00.000Z")),
    "a latest value of another type": ("latest", f"GET {ID}/latest", put("latest_data", "battery", "value", to=float)),
    "a latest value less": ("latest", f"GET {ID}/latest", put("latest_data", to=lambda data: {"state": data["state"]})),
    "an older latest time": (
        "latest",
        f"GET {ID}/latest",
        put("latest_data", "state", "timestamp", to="2026-01-31T09:30:00.000Z"),
    ),
    "a record twice": ("history", f"GET {ID}", put("data", to=lambda data: [*data, data[-1]])),
    "a record less": ("history", f"GET {ID}", put("data", to=lambda data: data[1:])),
    "another value": ("history", f"GET {ID}", put("data", 0, "measurements", "humidity", to=0.0)),
    "pages without end": ("history", f"GET {ID}", put("next_cursor", to="again")),
    "a value more counted": ("history", f"GET {ID}/aggregated", put("data", 0, "count", to=lambda count: count + 1)),
    "a device offline": ("status", r"GET /api/v1/devices/\d+/status", put("device", "is_online", to=False)),
    "a device inactive": ("status", r"GET /api/v1/devices/\d+/status", put("device", "status", to="inactive")),
    "seen long ago": (
        "status",
        r"GET /api/v1/devices/\d+/status",
        put("device", "last_seen", to="2026-01-31T09:30:00.000Z"),
    ),
    "another's heartbeat": ("status", "POST /api/v1/devices/heartbeat", put("device_id", to=999_999)),
    "an unhealthy service": ("health", "GET /health", put("status", to="unhealthy")),
    "a service that is not ready": ("health", "GET /health/ready", put("status", to="not ready")),
}


@pytest.mark.parametrize("lie", WRONG_ANSWERS)
def test_a_wrong_answer_fails_its_step(iotflow: Run, service: ServiceProcess, lie: str) -> None:
    step, pattern, change = WRONG_ANSWERS[lie]

    def alter(answer: Answer) -> None:
        if re.fullmatch(pattern, f"{answer.method} {answer.path}") and answer.status < 300:
            body = answer.body
            change(body)
            answer.body = body

    with misbehaving_server(service.base_url, alter) as url:
        result = iotflow("simulate", "--url", url, "--devices", 1, "--duration", 0.1, "--rate", 50)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{step}: ")
    table = rows(result.stdout)
    assert [row[-1] for row in table.values()] == [
        *["ok"] * STEPS.index(step),
        "FAILED",
        *["run"] * (len(STEPS) - STEPS.index(step) - 2),
        "FAILED",
    ]


def test_a_refused_request_fails_its_step_and_is_counted(iotflow: Run, service: ServiceProcess) -> None:
    def alter(answer: Answer) -> None:
        if answer.path.endswith("/latest"):
            answer.status, answer.content = 500, b'{"detail": "out of order"}'

    with misbehaving_server(service.base_url, alter) as url:
        result = iotflow("simulate", "--url", url, "--devices", 1, "--duration", 0.1)
    assert result.exit_code == 1
    assert result.stderr == "latest: out of order [HTTP 500]\n"
    assert rows(result.stdout)["latest"][:2] == ["1", "1"]


def test_an_unaltered_proxy_passes(iotflow: Run, service: ServiceProcess) -> None:
    """The proxy alone changes nothing."""
    with misbehaving_server(service.base_url, lambda _: None) as url:
        assert iotflow("simulate", "--url", url, "--devices", 1, "--duration", 0.1).exit_code == 0


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--url", "localhost:8000"], 2, "--url localhost:8000: expected an address"),
        (["--username", "ada"], 2, "--username needs --url"),
        (["--devices", "0"], 2, "--devices"),
        (["--scenario", "incident", "--devices", "1"], 2, "--devices 1: an incident needs at least 2 devices"),
        (["--scenario", "night"], 2, "--scenario"),
        (["--url", f"http://127.0.0.1:{free_port()}"], 1, "users: POST http://127.0.0.1:"),
    ],
)
def test_usage_errors(iotflow: Run, options: list[str], status: int, message: str) -> None:
    result = iotflow("simulate", *options)
    assert result.exit_code == status
    assert message in result.stderr


def test_an_incident_against_a_temporary_service(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "iotflow", "simulate", "--scenario", "incident", "--devices", "4"]
    settings = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr + done.stdout
    table = rows(done.stdout)
    assert list(table) == ["users", "devices", *INCIDENT_STEPS, "summary"]
    assert {(errors, checks) for _, errors, *_, checks in table.values()} == {("0", "ok")}


@pytest.mark.parametrize(
    ("step", "pattern", "change"),
    [
        ("acknowledge", r"POST /api/v1/alerts/[0-9a-f-]+/acknowledge", put("alert", "acknowledged_by", to=None)),
        ("delivery", "POST /api/v1/webhooks", put("secret", to="whsec_AAAA")),
    ],
)
def test_a_wrong_answer_fails_its_step_of_an_incident(
    iotflow: Run, tmp_path: Path, step: str, pattern: str, change: Callable[[Any], None]
) -> None:
    def alter(answer: Answer) -> None:
        if re.fullmatch(pattern, f"{answer.method} {answer.path}"):
            body = answer.body
            change(body)
            answer.body = body

    env = {"IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
    with ServiceProcess(tmp_path / "data", env) as service, misbehaving_server(service.base_url, alter) as url:
        result = iotflow("simulate", "--url", url, "--scenario", "incident", "--devices", 2)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{step}: ")
    assert rows(result.stdout)[step][-1] == "FAILED"
