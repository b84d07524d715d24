"""Several worker processes on the servers: a credential revoked in one is refused by all, an alert is raised once."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from iotflow.cli.databases import create_admin
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack

WORKERS = 4
PASSWORD = "correct horse battery"
SEEN_WITHIN_S = 1.0
CONNECTIONS = 60
"""New connections, enough to reach every process several times."""


@pytest.fixture
def service(server_stack: ServerStack, tmp_path: Path) -> Iterator[ServiceProcess]:
    asyncio.run(server_stack.restore({}))
    asyncio.run(create_admin(server_stack.settings(tmp_path), "root", "root@example.org", PASSWORD))
    with ServiceProcess(tmp_path / "data", server_stack.environment(), options=["--workers", str(WORKERS)]) as process:
        yield process


async def ask(service: ServiceProcess, method: str, path: str, **options: object) -> httpx.Response:
    """Send a request on a new connection, which any of the processes accepts."""
    async with httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=30) as client:
        return await client.request(method, path, **options)  # type: ignore[arg-type]  # options of httpx


async def statuses(service: ServiceProcess, path: str, headers: dict[str, str]) -> set[int]:
    """Return the statuses of all processes."""
    answers = await asyncio.gather(*(ask(service, "GET", path, headers=headers) for _ in range(CONNECTIONS)))
    return {answer.status_code for answer in answers}


async def login(service: ServiceProcess, username: str) -> dict[str, str]:
    answer = await ask(service, "POST", "/api/v1/auth/login", json={"username": username, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def register(service: ServiceProcess, username: str) -> tuple[str, dict[str, str]]:
    """Register a user; return the id and the headers."""
    account = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
    answer = await ask(service, "POST", "/api/v1/auth/register", json=account)
    return answer.raise_for_status().json()["user"]["user_id"], await login(service, username)


async def new_device(service: ServiceProcess, owner: dict[str, str], name: str) -> tuple[int, dict[str, str]]:
    """Register a device; return the id and the headers."""
    body = {"name": name, "device_type": "sensor"}
    answer = await ask(service, "POST", "/api/v1/devices/register", headers=owner, json=body)
    device = answer.raise_for_status().json()["device"]
    return device["id"], {"X-API-Key": device["api_key"]}


async def test_a_revocation_reaches_all_processes_within_a_second(service: ServiceProcess) -> None:
    admin = await login(service, "root")
    ada_id, ada = await register(service, "ada")
    _, bob = await register(service, "bob")
    _, adas = await new_device(service, ada, "ada's")
    rotated_id, rotated = await new_device(service, bob, "rotated")
    deleted_id, deleted = await new_device(service, bob, "deleted")
    history = f"/api/v1/telemetry/{deleted_id}"
    assert await statuses(service, history, bob) == {200}
    credentials = [("/api/v1/users/me", ada), *(("/api/v1/devices/status", key) for key in (adas, rotated, deleted))]
    for path, headers in credentials:
        assert await statuses(service, path, headers) == {200}

    revoke = [
        ("PATCH", f"/api/v1/users/{ada_id}/deactivate", admin),
        ("POST", f"/api/v1/devices/{rotated_id}/credentials/rotate", bob),
        ("DELETE", f"/api/v1/devices/{deleted_id}", bob),
    ]
    for method, path, headers in revoke:
        body: dict[str, object] = {"json": {}} if method == "POST" else {}
        assert (await ask(service, method, path, headers=headers, **body)).is_success
    answered = time.monotonic()
    await asyncio.sleep(SEEN_WITHIN_S - (time.monotonic() - answered))
    for path, headers in credentials:
        assert await statuses(service, path, headers) == {401}
    assert await statuses(service, history, bob) == {404}
    assert await statuses(service, "/api/v1/users/me", bob) == {200}


async def test_concurrent_readings_over_a_threshold_raise_one_alert(service: ServiceProcess) -> None:
    _, ada = await register(service, "ada")
    device_id, key = await new_device(service, ada, "probe")
    condition = {"type": "threshold", "field": "t", "op": "gt", "value": 10}
    rule = {"name": "hot", "severity": "error", "device_id": device_id, "condition": condition}

    async def submit(second: int, value: int) -> None:
        body = {"timestamp": f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z", "data": {"t": value}}
        answer = await ask(service, "POST", "/api/v1/telemetry", headers=key, json=body)
        assert answer.status_code == 201, answer.text

    async def alerts() -> list[dict[str, object]]:
        found: list[dict[str, object]] = (await ask(service, "GET", "/api/v1/alerts", headers=ada)).json()["alerts"]
        return found

    assert (await ask(service, "POST", "/api/v1/alert-rules", headers=ada, json=rule)).status_code == 201
    for fired in range(1, 4):
        start = fired * 100
        await asyncio.gather(*(submit(start + second, 20) for second in range(50)))
        assert [alert["status"] for alert in await alerts()] == ["active"] + ["resolved"] * (fired - 1)
        await submit(start + 60, 1)
        assert [alert["status"] for alert in await alerts()] == ["resolved"] * fired


async def test_all_processes_serve_and_end_together(service: ServiceProcess) -> None:
    began: set[int] = set()
    deadline = time.monotonic() + 30
    while len(began) < WORKERS and time.monotonic() < deadline:
        answers = await asyncio.gather(*(ask(service, "GET", "/status") for _ in range(CONNECTIONS)))
        began |= {round((time.time() - answer.json()["uptime_seconds"]) * 5) for answer in answers}
    assert len(began) > 1, "only one process serves requests"
    assert await asyncio.to_thread(service.stop) == 0
