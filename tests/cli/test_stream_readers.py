"""Live streams whose clients are idle, far behind, or do not read at all."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.test_streams import Owner, sign_in
from tests.metrics import METRICS_TOKEN, Reading, scrape
from tests.processes import ServiceProcess
from tests.waiting import wait_until

DEADLINE_S = 15.0
TEXT = "x" * 3_500
MAX_EVENTS = 6_000
"""With `TEXT` some 20 MB: more than the socket buffers of both sides hold."""
ENDED_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    env = {"IOTFLOW_METRICS_TOKEN": METRICS_TOKEN}
    with ServiceProcess(tmp_path_factory.mktemp("readers") / "data", env) as process:
        yield process


async def submit_texts(owner: Owner, key: str, first: int, number: int) -> None:
    batch = [{"timestamp": 1_700_000_000 + n, "data": {"n": n, "text": TEXT}} for n in range(first, first + number)]
    await owner.call("POST", "/telemetry/batch", batch, **{"X-API-Key": key})


async def test_idle_streams_are_not_in_flight(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path / "data", {"IOTFLOW_MAX_REQUESTS_IN_FLIGHT": "5"}) as service:
        owner = await sign_in(service.base_url, "ada")
        async with owner.stream(), owner.stream(), owner.stream(), owner.stream(), owner.stream(), owner.stream():
            await owner.call("GET", "/users/me")


async def test_a_client_that_is_far_behind_gets_every_event_by_resuming(service: ServiceProcess) -> None:
    owner = await sign_in(service.base_url, "ben")
    _, key = await owner.device()
    async with owner.stream("?types=telemetry") as stream:
        await owner.submit(key, 0)
        last = (await stream.next())["id"]
    for first in (1, 101):
        await submit_texts(owner, key, first, 100)
    found: list[int] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < 200:
            async with owner.stream("?types=telemetry", **{"Last-Event-ID": last}) as stream:
                while len(found) < 200 and (event := await stream.next())["event"] != "end":
                    found.append(event["data"]["measurements"]["n"])
                    last = event["id"]
    assert found == [*range(1, 201)]


@pytest.mark.parametrize("reason", ["slow", "credentials"])
async def test_a_stream_that_its_client_does_not_read_is_ended(service: ServiceProcess, reason: str) -> None:
    owner = await sign_in(service.base_url, f"cleo-{reason}")
    _, key = await owner.device()
    before = await figures(service)

    async def is_ended() -> bool:
        name = "iotflow_streams_ended_total"
        return (await figures(service)).value(name, reason=reason) > before.value(name, reason=reason)

    with socket.create_connection(("127.0.0.1", service.port)) as client:
        head = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {owner.headers['Authorization']}\r\n\r\n"
        client.sendall(head.encode())
        assert await asyncio.to_thread(client.recv, 15) == b"HTTP/1.1 200 OK"
        for submitted in range(30, MAX_EVENTS, 30):
            await submit_texts(owner, key, submitted, 30)
            if reason == "credentials" and await is_blocked(service, before, submitted):
                await owner.call("POST", "/auth/logout")
                break
            if reason == "slow" and await is_ended():
                break
        await wait_until(is_ended, ENDED_WITHIN_S, 0.05)


async def test_the_stream_of_a_device_ends_with_the_device(service: ServiceProcess) -> None:
    owner = await sign_in(service.base_url, "dan")
    device_id, _ = await owner.device()
    async with owner.stream(f"?device_id={device_id}") as stream:
        await owner.call("DELETE", f"/devices/{device_id}")
        async with asyncio.timeout(ENDED_WITHIN_S):
            event = await stream.next()
    assert (event["event"], event["data"]) == ("end", {"reason": "deleted"})


async def is_blocked(service: ServiceProcess, before: Reading, submitted: int) -> bool:
    """Return whether the service holds events back that it could have sent."""

    async def are_sent() -> bool:
        name = "iotflow_stream_events_total"
        return (await figures(service)).value(name) - before.value(name) >= submitted

    try:
        await wait_until(are_sent, 0.5, 0.02)
    except TimeoutError:
        return True
    return False


async def figures(service: ServiceProcess) -> Reading:
    async with httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=30) as client:
        return await scrape(client)
