"""Metrics of real processes: several workers behind one scrape, and the separate port."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from iotflow.cli.databases import create_admin
from tests.metrics import AUTHORIZATION, METRICS_TOKEN, Reading, rise, scrape
from tests.processes import ServiceProcess, free_port
from tests.server_stack import ServerStack
from tests.waiting import wait_until

WORKERS = 2
REQUESTS = 60
"""On new connections, enough to reach every worker."""
RESTARTED_WITHIN_S = 60.0
ROUTE = "/api/v1/users/{user_id}"


@dataclass(frozen=True)
class Workers:
    """A service of several workers. Its metrics are on its own port and on a separate one."""

    process: ServiceProcess
    metrics_url: str

    def pids(self) -> list[int]:
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [pid for pid in map(int, children) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture
def workers(server_stack: ServerStack, tmp_path: Path) -> Iterator[Workers]:
    asyncio.run(server_stack.restore({}))
    asyncio.run(create_admin(server_stack.settings(tmp_path), "root", "root@example.org", "correct horse battery"))
    env = {"IOTFLOW_METRICS_TOKEN": METRICS_TOKEN, "IOTFLOW_METRICS_PORT": str(free_port())}
    options = ["--workers", str(WORKERS)]
    with ServiceProcess(tmp_path / "data", server_stack.environment() | env, options=options) as process:
        yield Workers(process, f"http://127.0.0.1:{env['IOTFLOW_METRICS_PORT']}/metrics")


async def read(url: str) -> Reading:
    """Read the metrics on a new connection, which any worker accepts."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await scrape(client, url)


async def ask(service: ServiceProcess) -> None:
    async with httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=30) as client:
        assert (await client.get("/api/v1/users/me")).status_code == 401


async def ask_all(service: ServiceProcess) -> None:
    await asyncio.gather(*(ask(service) for _ in range(REQUESTS)))


async def test_one_scrape_has_the_totals_of_all_workers(workers: Workers) -> None:
    urls = [f"{workers.process.base_url}/metrics", workers.metrics_url]
    for url in urls:
        risen = await rise(
            partial(read, url),
            partial(ask_all, workers.process),
            "iotflow_http_requests_total",
            route=ROUTE,
            status="401",
        )
        assert risen == REQUESTS
    totals = {
        (await read(url)).value("iotflow_http_requests_total", route=ROUTE) for url in urls for _ in range(2 * WORKERS)
    }
    assert len(totals) == 1

    async def counts_workers() -> bool:
        return (await read(workers.metrics_url)).value("iotflow_workers") == WORKERS

    await wait_until(counts_workers, RESTARTED_WITHIN_S)


async def test_a_killed_worker_takes_no_counts_with_it(workers: Workers) -> None:
    await ask_all(workers.process)
    before = (await read(workers.metrics_url)).value("iotflow_http_requests_total", route=ROUTE)
    killed, *_ = workers.pids()
    os.kill(killed, signal.SIGKILL)

    async def is_replaced() -> bool:
        reading = await read(workers.metrics_url)
        assert reading.value("iotflow_http_requests_total", route=ROUTE) >= before
        pids = workers.pids()
        return killed not in pids and len(pids) == WORKERS and reading.value("iotflow_workers") == WORKERS

    await wait_until(is_replaced, RESTARTED_WITHIN_S, 0.5)
    risen = await rise(
        partial(read, workers.metrics_url),
        partial(ask_all, workers.process),
        "iotflow_http_requests_total",
        route=ROUTE,
    )
    assert risen == REQUESTS


@pytest.mark.parametrize("token", ["", METRICS_TOKEN])
async def test_the_separate_port(tmp_path: Path, token: str) -> None:
    port = free_port()
    env = {"IOTFLOW_METRICS_PORT": str(port), "IOTFLOW_METRICS_TOKEN": token}
    with ServiceProcess(tmp_path / "data", env) as service:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            anonymous = await client.get(f"http://127.0.0.1:{port}/metrics")
            authorized = await client.get(f"http://127.0.0.1:{port}/metrics", headers=AUTHORIZATION)
            other = await client.get(f"http://127.0.0.1:{port}/health")
            on_main = await client.get(f"{service.base_url}/metrics", headers=AUTHORIZATION)
        assert anonymous.status_code == (401 if token else 200)
        assert authorized.status_code == 200
        assert (other.status_code, other.headers["Content-Type"]) == (404, "application/problem+json")
        assert on_main.status_code == (200 if token else 404)
        assert service.stop() == 0


async def test_requests_that_the_server_refuses_are_counted(tmp_path: Path) -> None:
    port = free_port()
    with ServiceProcess(tmp_path / "data", {"IOTFLOW_METRICS_PORT": str(port)}) as service:

        async def send_nonsense() -> None:
            with socket.create_connection(("127.0.0.1", service.port), timeout=30) as peer:
                peer.sendall(b"no HTTP at all\r\n\r\n")
                assert b" 400 " in peer.recv(65_536)

        url = f"http://127.0.0.1:{port}/metrics"
        refused = {"route": "refused", "status": "400"}
        assert await rise(partial(read, url), send_nonsense, "iotflow_http_requests_total", **refused) == 1
