"""Stops and rolling restarts under load: no request is refused, and each acknowledged record is stored."""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from iotflow.cli.databases import create_admin
from tests.api.clients import PASSWORD
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack
from tests.waiting import wait_until

CLIENTS = 8
DRAIN_S = 2
FIRST_TIME = 1_700_000_000
RESTARTED_WITHIN_S = 90.0


class Load:
    """Clients that submit a record after the other, each on a kept connection, until the end of a block."""

    def __init__(self, key: str) -> None:
        self.acknowledged: list[int] = []
        self.others: Counter[str] = Counter()
        self._key = key
        self._times = itertools.count(FIRST_TIME)
        self._is_over = False

    @asynccontextmanager
    async def on(self, *urls: str) -> AsyncIterator[None]:
        """Send to these addresses in turns, leaving out those that are not ready, as a load balancer does."""
        ready = dict.fromkeys(urls, True)
        async with asyncio.TaskGroup() as group:
            checks = [group.create_task(self._check(url, ready)) for url in urls if len(urls) > 1]
            for number in range(CLIENTS):
                group.create_task(self._send(number, ready))
            try:
                yield
            finally:
                self._is_over = True
                for check in checks:
                    check.cancel()

    async def _check(self, url: str, ready: dict[str, bool]) -> None:
        while True:
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
                try:
                    ready[url] = (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    ready[url] = False
            await asyncio.sleep(0.1)

    async def _send(self, number: int, ready: dict[str, bool]) -> None:
        turns = itertools.count(number)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            while not self._is_over:
                usable = [url for url, is_ready in ready.items() if is_ready]
                url = usable[next(turns) % len(usable)]
                at = next(self._times)
                body = {"timestamp": at, "data": {"value": at}}
                try:
                    answer = await client.post(f"{url}/api/v1/telemetry", json=body, headers={"X-API-Key": self._key})
                except httpx.TransportError as error:
                    self.others[type(error).__name__] += 1
                    continue
                if answer.status_code == 201:
                    self.acknowledged.append(at)
                else:
                    self.others[f"{answer.status_code} {answer.text}"] += 1


class Fleet:
    """An owner with a device, which sends the load."""

    def __init__(self, url: str) -> None:
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60) as client:
            login = (
                client.post("/auth/login", json={"username": "root", "password": PASSWORD}).raise_for_status().json()
            )
            self._headers = {"Authorization": f"Bearer {login['access_token']}"}
            new = {"name": "probe", "device_type": "sensor"}
            device = (
                client.post("/devices/register", json=new, headers=self._headers).raise_for_status().json()["device"]
            )
        self.device_id, self.key = device["id"], device["api_key"]

    def stored(self, url: str) -> set[int]:
        """Return the values of all stored records."""
        found: set[int] = set()
        query = {"start_time": str(FIRST_TIME), "limit": "10000"}
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60, headers=self._headers) as client:
            while True:
                page = client.get(f"/telemetry/{self.device_id}", params=query).raise_for_status().json()
                found |= {record["measurements"]["value"] for record in page["data"]}
                if page["next_cursor"] is None:
                    return found
                query = {"cursor": page["next_cursor"], "limit": "10000"}


@pytest.fixture
def environment(server_stack: ServerStack, tmp_path: Path) -> dict[str, str]:
    """Settings of empty databases with an administrator."""
    asyncio.run(server_stack.restore({}))
    asyncio.run(create_admin(server_stack.settings(tmp_path), "root", "root@example.org", PASSWORD))
    return server_stack.environment()


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Iterator[ServiceProcess]:
    with ServiceProcess(tmp_path / "data", environment, options=["--workers", "2"]) as process:
        yield process


def worker_pids(service: ServiceProcess) -> set[int]:
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
    return {pid for pid in map(int, children) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


async def test_workers_that_are_replaced_lose_nothing(workers: ServiceProcess) -> None:
    fleet, before = await asyncio.to_thread(Fleet, workers.base_url), worker_pids(workers)
    load = Load(fleet.key)

    async def are_replaced() -> bool:
        now = worker_pids(workers)
        return len(now) == len(before) and not now & before

    async with load.on(workers.base_url):
        await asyncio.sleep(1)
        os.kill(workers.pid, signal.SIGHUP)
        await wait_until(are_replaced, RESTARTED_WITHIN_S)
        await asyncio.sleep(1)
    assert load.others == {}
    assert len(load.acknowledged) > CLIENTS
    assert set(load.acknowledged) <= await asyncio.to_thread(fleet.stored, workers.base_url)


async def test_services_that_are_restarted_in_turn_lose_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    env = environment | {"IOTFLOW_DRAIN_SECONDS": str(DRAIN_S)}
    with ServiceProcess(tmp_path / "a", env) as first, ServiceProcess(tmp_path / "b", env) as second:
        fleet = await asyncio.to_thread(Fleet, first.base_url)
        load = Load(fleet.key)
        async with load.on(first.base_url, second.base_url):
            for service in (first, second):
                await asyncio.sleep(1)
                assert await asyncio.to_thread(service.stop) == 0
                await asyncio.to_thread(service.start)
                await asyncio.sleep(1)
        assert load.others == {}
        assert len(load.acknowledged) > CLIENTS
        assert set(load.acknowledged) <= await asyncio.to_thread(fleet.stored, second.base_url)


async def test_all_workers_drain_when_the_service_stops(environment: dict[str, str], tmp_path: Path) -> None:
    env = environment | {"IOTFLOW_DRAIN_SECONDS": "3"}
    with ServiceProcess(tmp_path / "data", env, options=["--workers", "2"]) as service:
        stopping = asyncio.create_task(asyncio.to_thread(service.stop))

        async def all_drain() -> bool:
            clients = [httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=30) for _ in range(8)]
            statuses = {(await client.get("/health/ready")).status_code for client in clients}
            for client in clients:
                await client.aclose()
            return statuses == {503}

        await wait_until(all_drain, 3, 0.02)
        assert await stopping == 0


async def test_a_service_that_drains_is_not_ready_and_closes_connections(tmp_path: Path) -> None:
    env = {"IOTFLOW_DRAIN_SECONDS": "3"}
    with ServiceProcess(tmp_path / "data", env) as service:
        async with httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=30) as client:
            kept = await client.get("/health/ready")
            assert (kept.status_code, kept.headers.get("connection")) == (200, None)
            began = time.monotonic()
            stopping = asyncio.create_task(asyncio.to_thread(service.stop))

            async def is_draining() -> bool:
                return (await client.get("/health/ready")).status_code == 503

            await wait_until(is_draining, 2, 0.02)
            answer = await client.get("/health/live")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            assert await stopping == 0
        assert 2.9 < time.monotonic() - began < 12


async def test_a_second_signal_ends_the_draining(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path / "data", {"IOTFLOW_DRAIN_SECONDS": "300"}) as service:
        async with httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=30) as client:
            os.kill(service.pid, signal.SIGTERM)

            async def is_draining() -> bool:
                return (await client.get("/health/ready")).status_code == 503

            await wait_until(is_draining, 10, 0.02)
        assert await asyncio.to_thread(service.stop) == 0
