"""A client that calls, registers or guesses without pause is refused, and the others are served."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.abuse.conftest import Serve
from tests.abuse.harm import unharmed
from tests.api.clients import PASSWORD, ApiClient, DeviceClient, UserClient, new_device, register, sign_up
from tests.processes import ServiceProcess

WRONG = "not the password"
ALLOWED_GUESSES = 1_000
GUESSES = 1_300


@asynccontextmanager
async def calling_from(service: ServiceProcess, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client with another address of this host, whose addresses are all of 127.0.0.0/8."""
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits(max_connections=100))
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{service.base_url}/api/v1", timeout=60.0, trust_env=False
    ) as client:
        yield client


async def attempt(client: httpx.AsyncClient, name: str, password: str = PASSWORD, **headers: str) -> int:
    body = {"username": name, "password": password}
    return (await client.post("/auth/login", json=body, headers=headers)).status_code


async def test_registering_in_a_loop(service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient) -> None:
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    over = asyncio.Event()

    async def register_in_a_loop(attacker: httpx.AsyncClient) -> None:
        while not over.is_set():
            name = f"mass-{random.getrandbits(64)}"
            body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
            statuses[(await attacker.post("/auth/register", json=body)).status_code] += 1

    async with calling_from(service, "127.0.0.66") as attacker, asyncio.TaskGroup() as attack:
        for _ in range(80):
            attack.create_task(register_in_a_loop(attacker))
        async with unharmed(service, memory_mib=128):  # 19 MiB for each password hash in progress
            logins = [await attempt(client, "ada") for _ in range(8)]
        over.set()
    assert logins == [200] * 8
    assert statuses[429] > 0
    assert statuses[201] <= 100 + 1 + time.monotonic() - began


PROXIED = {"IOTFLOW_TRUSTED_PROXIES": "127.0.0.1", "IOTFLOW_LOGIN_WINDOW_SECONDS": "86400"}
"""This host is a trusted proxy. No failed login expires within the test."""

embedded_only = pytest.mark.parametrize("serve", ["embedded"], indirect=True)
servers_only = pytest.mark.parametrize("serve", ["servers"], indirect=True)


@pytest.mark.parametrize(
    "spellings",
    [
        [f"2001:db8:7:7:{number:x}::1" for number in range(60)],
        [
            f"::ffff:198.51.100.{number % 2 + 1}" if number % 4 < 2 else f"198.51.100.{number % 2 + 1}"
            for number in range(120)
        ],
    ],
    ids=["one-ipv6-network", "ipv4-mapped"],
)
async def test_wrong_passwords_by_many_spellings_of_one_network(serve: Serve, spellings: list[str]) -> None:
    async with calling_from(serve(PROXIED), "127.0.0.1") as client:
        statuses = [
            await attempt(client, f"name {number}", WRONG, **{"X-Forwarded-For": spelling})
            for number, spelling in enumerate(spellings)
        ]
    networks = 1 if len(spellings) == 60 else 2
    assert Counter(statuses) == {401: 50 * networks, 429: 10 * networks}


@embedded_only
async def test_failed_logins_of_many_networks_do_not_reset_one_networks_count(serve: Serve) -> None:
    """50,001 networks fail to log in: more than an earlier limiter stored."""
    proxied = serve(PROXIED)
    async with calling_from(proxied, "127.0.0.1") as client:
        await register(client, "victim")
        for _ in range(10):
            assert await attempt(client, "victim", WRONG) == 401
        assert await attempt(client, "victim") == 429
        await flood(proxied.port, 50_001)
        assert await attempt(client, "victim") == 429


async def flood(port: int, requests: int, per_connection: int = 500) -> None:
    """Send malformed logins, each with another forwarded address, as fast as consecutive connections allow."""
    for first in range(0, requests, per_connection):
        numbers = range(first, min(first + per_connection, requests))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            writer.write(
                b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"X-Forwarded-For: %b\r\nContent-Length: 2\r\n\r\n{}" % address.encode()
            )
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 422"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()
        await writer.wait_closed()


async def test_a_device_that_calls_without_pause(serve: Serve) -> None:
    service = serve({"IOTFLOW_DEVICE_REQUESTS_PER_SECOND": "5", "IOTFLOW_DEVICE_POINTS_PER_SECOND": "1"})
    async with calling_from(service, "127.0.0.1") as client:
        ada = await sign_up(client, "ada")
        busy, calm = await new_device(ada, "busy"), await new_device(ada, "calm")
        began = time.monotonic()
        async with unharmed(service):
            answers = [await busy.send("POST", "/devices/heartbeat") for _ in range(GUESSES)]
            assert (await calm.send("POST", "/telemetry", json={"data": {"x": 1}})).status_code == 201
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 300 - 50 - 1 - 5 * (time.monotonic() - began)
        assert refused[0].headers["Retry-After"] == "1"
        assert refused[0].headers["RateLimit-Policy"] == '"device-requests";q=50;w=10'
        batch = [{"timestamp": 1_700_000_000 + n, "data": {"x": n}} for n in range(11)]
        assert (await calm.send("POST", "/telemetry/batch", json=batch)).status_code == 429
        assert (await calm.send("POST", "/telemetry/batch", json=batch[:9])).status_code == 200
        assert (await calm.send("POST", "/telemetry/batch", json=batch[:9])).status_code == 429


async def test_guessing_keys(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, device: DeviceClient
) -> None:
    """Authenticated clients of the same network are served; the others there are refused."""
    await device.post("/devices/heartbeat")
    began = time.monotonic()
    async with unharmed(service):
        statuses = Counter(
            [
                (await ApiClient(client, {"X-API-Key": f"guess {number}"}).send("GET", "/devices/status")).status_code
                for number in range(GUESSES)
            ]
        )
        await ada.patch(f"/devices/{device.id}", {"location": "roof"})
        await device.post("/devices/heartbeat")
    assert statuses[401] <= ALLOWED_GUESSES + 1 + time.monotonic() - began
    assert statuses[429] == GUESSES - statuses[401]
    async with calling_from(service, "127.0.0.67") as elsewhere:
        assert (await ApiClient(elsewhere, {"X-API-Key": "guess"}).send("GET", "/devices/status")).status_code == 401


@servers_only
async def test_workers_share_the_limits(serve: Serve) -> None:
    service = serve({"IOTFLOW_FAILED_CREDENTIALS_PER_ADDRESS": "4"}, "--workers", "2")
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    for number in range(40):
        async with calling_from(service, "127.0.0.1") as client:  # a connection each, to both workers
            key = {"X-API-Key": f"guess {number}"}
            statuses[(await client.get("/devices/status", headers=key)).status_code] += 1
    assert statuses[401] <= 4 + 1 + time.monotonic() - began
