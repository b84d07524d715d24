"""Four workers on the servers: SIGKILL of MongoDB, Redis and the lease holder loses and repeats no event or alert."""

import asyncio
import json
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from iotflow.cli.databases import migrate
from iotflow.settings import load_settings
from tests.api.clients import register
from tests.cli.test_restarts import worker_pids
from tests.faults.load import log_in, open_client
from tests.faults.probes import Probe, Stream
from tests.processes import ServiceProcess
from tests.receiver import OK, ReceivedRequest, Receiver, running_receiver
from tests.server_stack import ServerStack
from tests.servers.containers import Server
from tests.servers.kinds import MONGO, REDIS
from tests.stores.mongo import address_on
from tests.waiting import wait_until

T = TypeVar("T")

WORKERS = 4
PROBES = 8
ATTEMPTS_PER_WORKER = 2
"""Attempts of deliveries of one webhook at a time, in one worker."""
STEP_DEADLINE_S = 90.0
"""For one step, on a busy machine. Deliveries of a killed worker are due again after 30 s."""
TIMEOUT_S = 300


@pytest.fixture
def mongo(own_server: Callable[..., Server]) -> Server:
    return own_server(MONGO)


@pytest.fixture
def redis(own_server: Callable[..., Server]) -> Server:
    return own_server(REDIS)


@pytest.fixture
def service(server_stack: ServerStack, mongo: Server, redis: Server, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service of four workers, with a MongoDB and a Redis for this test alone."""
    asyncio.run(server_stack.restore({}))
    environment = {
        **server_stack.environment(),
        "IOTFLOW_CACHE_URL": redis.url,
        "IOTFLOW_DOCUMENTS_URL": address_on(mongo.url, "kills").url,
        "IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    values = {name.removeprefix("IOTFLOW_").lower(): value for name, value in environment.items()}
    asyncio.run(migrate(load_settings(data_dir=tmp_path, **values)))
    with ServiceProcess(tmp_path / "data", environment, options=["--workers", str(WORKERS)]) as process:
        yield process


@pytest.fixture
async def stream(service: ServiceProcess) -> AsyncIterator[Stream]:
    async with open_client(service.base_url) as client:
        await register(client, "owner")
        yield Stream(client, await log_in(client, "owner"))


class Gate:
    """The answers of a receiver, which it holds back while the gate is closed."""

    def __init__(self) -> None:
        self.held = 0
        self.opened = asyncio.Event()
        self.opened.set()

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        self.held += 1
        await self.opened.wait()
        self.held -= 1
        writer.write(OK)
        await writer.drain()


@pytest.mark.timeout(TIMEOUT_S)
async def test_events_alerts_and_webhooks_survive_kills_of_mongodb_the_lease_holder_and_redis(
    service: ServiceProcess, stream: Stream, mongo: Server, redis: Server
) -> None:
    gate = Gate()
    async with running_receiver(gate.answer) as receiver, asyncio.TaskGroup() as group:
        probes = [await Probe.create(stream, f"probe {number}", receiver.url()) for number in range(PROBES)]
        running = [group.create_task(probe.run()) for probe in probes]
        await more(probes, runs=1)
        gate.opened.clear()
        await until(lambda: gate.held == WORKERS * ATTEMPTS_PER_WORKER)
        await asyncio.to_thread(mongo.kill)
        await more(probes, runs=1)
        await kill_lease_holder(service)
        gate.opened.set()
        await more(probes, runs=1)
        await asyncio.to_thread(mongo.start)
        stream.awaits_alerts = True
        await more(probes, runs=2)
        await asyncio.to_thread(redis.kill)
        await more(probes, readings=2)
        await asyncio.to_thread(redis.start)
        stream.is_over = True
        await asyncio.wait(running)
        for probe in probes:
            await check_alerts_and_events(probe)
        await check_deliveries(stream, probes, receiver)


async def kill_lease_holder(service: ServiceProcess) -> None:
    """Kill the worker that holds the scheduler's lease. Wait until another one holds it, and a new worker has started.

    MongoDB is unavailable: the new worker must start without it.
    """
    holder = lease_holders(service)[-1]
    assert holder in worker_pids(service)
    os.kill(holder, signal.SIGKILL)
    await until(lambda: "documents: unavailable at the start" in service.log())
    await until(lambda: lease_holders(service)[-1] != holder)
    assert len(worker_pids(service) - {holder}) == WORKERS


def lease_holders(service: ServiceProcess) -> list[int]:
    """Return the process ids of the holders so far."""
    return [int(pid) for pid in re.findall(r"pid=(\d+): this process holds the lease", service.log())]


async def more(probes: list[Probe], *, runs: int = 0, readings: int = 0) -> None:
    """Wait until each device has done some more runs and readings."""
    enough = [(probe.runs + runs, probe.readings + readings) for probe in probes]
    await until(
        lambda: all(
            probe.runs >= least_runs and probe.readings >= least_readings
            for probe, (least_runs, least_readings) in zip(probes, enough, strict=True)
        )
    )


async def check_alerts_and_events(probe: Probe) -> None:
    """Check that each run raised one alert, which is resolved, and changed the status of the device once each way."""

    async def alerts() -> Counter[tuple[int | None, str]]:
        return Counter((await probe.alerts()).values())

    resolved: Counter[tuple[int | None, str]] = Counter((run, "resolved") for run in range(probe.runs))
    await expect(alerts, resolved)
    await expect(probe.events, Counter(registered=1, active=probe.runs, inactive=probe.runs - 1))


async def check_deliveries(stream: Stream, probes: list[Probe], receiver: Receiver) -> None:
    """Check that both changes of each alert arrived, all requests of one with the same id, and that none waits."""
    changes = {
        (alert_id, f"org.iotflow.alert.{change}")
        for probe in probes
        for alert_id in await probe.alerts()
        for change in ("raised", "resolved")
    }
    (webhook,) = (await stream.get("/webhooks"))["webhooks"]

    async def delivered() -> tuple[int, int]:
        path = f"/webhooks/{webhook['id']}/deliveries"
        totals = [(await stream.get(path, status=status))["meta"]["total"] for status in ("delivered", "waiting")]
        return totals[0], totals[1]

    await expect(delivered, (len(changes), 0))
    requests = Counter(delivery_of(request) for request in receiver.requests)
    ids = [delivery_id for delivery_id, _ in requests]
    assert sorted(change for _, change in requests) == sorted(changes)
    assert len(set(ids)) == len(ids)
    assert sum(number > 1 for number in requests.values()) >= ATTEMPTS_PER_WORKER


def delivery_of(request: ReceivedRequest) -> tuple[str, tuple[str, str]]:
    """Return the id of a request's CloudEvent, and the alert and the type that it is about."""
    event = json.loads(request.body)
    assert request.headers["webhook-id"] == event["id"]
    return event["id"], (event["data"]["alert"]["id"], event["type"])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition. Raises TimeoutError."""

    async def is_met() -> bool:
        return condition()

    await wait_until(is_met, STEP_DEADLINE_S)


async def expect(read: Callable[[], Awaitable[T]], expected: T) -> None:
    """Wait until a function returns what is expected."""

    async def is_there() -> bool:
        return await read() == expected

    try:
        await wait_until(is_there, STEP_DEADLINE_S, 0.5)
    except TimeoutError:
        assert await read() == expected
