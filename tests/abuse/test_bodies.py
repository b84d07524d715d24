"""Bodies that never end, and bodies with as many faults as fit in them."""

import asyncio
import gzip
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest

from tests.abuse.harm import MIB, unharmed
from tests.api.clients import DeviceClient, UserClient, new_group
from tests.processes import ServiceProcess

SENT_WITHIN_S = 3.0
WATCHED_S = 3.0
"""How long another client is measured while the service holds the bodies."""
REFUSED_WITHIN_S = 30.0
FAULTS = b"{" + b",".join(b'"k%05d":1' % n for n in range(95_000)) + b"}"
NAMES = b'{"data": {' + b",".join(b'"k%05d":[]' % n for n in range(80_000)) + b"}}"
NULLS = b'{"settings": {' + b",".join(b'"%05d\\u0000":1' % n for n in range(65_000)) + b"}}"
ITEMS = b'{"device_ids": [' + b",".join([b'""'] * 300_000) + b"]}"
METADATA = b'{"data": {"a": 1}, "metadata": {"a": [' + b"[]," * 340_000 + b"[]]}}"


@asynccontextmanager
async def send_unfinished(service: ServiceProcess, head: str, body: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Send a request without its last byte, as far as the service receives it within `SENT_WITHIN_S`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"{head}\r\nHost: localhost\r\nContent-Length: {len(body) + 1}\r\n\r\n".encode() + body)
    try:
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(writer.drain(), SENT_WITHIN_S)
        yield reader
    finally:
        writer.transport.abort()


async def test_gzip_bodies_that_never_end(service: ServiceProcess, device: DeviceClient) -> None:
    packed = gzip.compress(bytes(16 * MIB), 9)[:16_000]
    head = f"POST /api/v1/telemetry/batch HTTP/1.1\r\nX-API-Key: {device.key}\r\nContent-Type: application/json\r\n"
    async with unharmed(service), AsyncExitStack() as stack:
        for _ in range(40):
            request = send_unfinished(service, f"{head}Content-Encoding: gzip", packed)
            await stack.enter_async_context(request)
        await asyncio.sleep(WATCHED_S)


async def test_anonymous_bodies_that_never_end(service: ServiceProcess, ada: UserClient, device: DeviceClient) -> None:
    head = "POST /api/v1/auth/register HTTP/1.1\r\nContent-Type: application/json"
    async with unharmed(service), AsyncExitStack() as stack:
        requests = [send_unfinished(service, head, b" " * (MIB - 1)) for _ in range(300)]
        readers = await asyncio.gather(*(stack.enter_async_context(request) for request in requests))
        answers = asyncio.as_completed([reader.readline() for reader in readers], timeout=REFUSED_WITHIN_S)
        for answer in itertools.islice(answers, 10):
            # More than 200 registrations within a second are refused; so are the other bodies, too large together.
            assert (await answer).split()[1] in (b"429", b"503")
        # Small bodies are still accepted.
        await device.post("/telemetry", {"data": {"a": 1}})
    assert "limit met: " in service.log()
    answer = await device.post(
        "/telemetry/batch", content=b" " * 15 * MIB + b"[{}]", headers={"Content-Type": "application/json"}
    )
    assert answer["rejected"] == 1


async def test_a_hundred_thousand_faults(service: ServiceProcess, ada: UserClient, device: DeviceClient) -> None:
    group_id = await new_group(ada)
    attacks: list[tuple[UserClient | DeviceClient, str, str, bytes]] = [
        (ada, "POST", "/auth/register", FAULTS),
        (ada, "POST", "/auth/login", FAULTS),
        (ada, "PUT", "/users/me", FAULTS),
        (ada, "POST", "/devices/register", FAULTS),
        (ada, "PATCH", f"/devices/{device.id}", FAULTS),
        (ada, "PUT", f"/devices/{device.id}/config", FAULTS),
        (ada, "PUT", f"/devices/{device.id}/config", NULLS),
        (device, "PUT", "/devices/config", FAULTS),
        (ada, "POST", "/groups", FAULTS),
        (ada, "POST", f"/groups/{group_id}/devices/bulk", ITEMS),
        (ada, "POST", f"/groups/{group_id}/devices/bulk", FAULTS),
        (ada, "DELETE", f"/telemetry/{device.id}", FAULTS),
        (device, "POST", "/telemetry", FAULTS),
        (device, "POST", "/telemetry", NAMES),
        (device, "POST", "/telemetry", METADATA),
        (device, "POST", "/telemetry", json.dumps({"data": {f"{n:0128}": [] for n in range(256)}}).encode()),
        (device, "POST", "/telemetry", json.dumps({"data": {f"{n:04000}": [] for n in range(250)}}).encode()),
    ]
    async with unharmed(service):
        for caller, method, path, body in attacks:
            assert len(body) <= MIB
            answer = await caller.send(method, path, content=body, headers={"Content-Type": "application/json"})
            assert (path, answer.status_code) == (path, 422)
            assert len(answer.content) < 100_000
            assert 1 <= len(answer.json()["errors"]) <= 100


@pytest.mark.parametrize("query", ["&".join(["limit=x"] * 5_000), "&".join(f"q{n}" for n in range(5_000))])
async def test_queries_of_many_parameters(service: ServiceProcess, ada: UserClient, query: str) -> None:
    async with unharmed(service):
        answer = await ada.send("GET", f"/groups?{query}")
    assert answer.status_code == 422
    assert len(answer.content) < 2_000


@pytest.mark.parametrize("form", [b"&" * 60_000, b"a&" * 30_000, b"%41" * 20_000, b"&" * MIB])
async def test_forms(service: ServiceProcess, client: httpx.AsyncClient, form: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with unharmed(service):
        answer = await client.post("/auth/token", content=form, headers=headers)
    assert answer.status_code == (422 if len(form) < 65_536 else 413)
