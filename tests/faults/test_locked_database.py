"""Another process holds SQLite's write lock: writes wait or are refused, reads work, and it recovers by itself."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx

from tests.api.clients import new_device, sign_up, submit
from tests.faults.monitor import DEADLINE_S, SUCCESS_IS_SEEN_WITHIN_S, accepts, is_healthy, is_unhealthy, stored_seconds
from tests.processes import ServiceProcess
from tests.waiting import wait_until


async def test_writes_wait_for_a_lock_that_is_held_briefly(service: ServiceProcess, client: httpx.AsyncClient) -> None:
    owner = await sign_up(client, "owner")
    devices = [await new_device(owner, f"probe-{number}") for number in range(8)]
    with _write_lock(service):
        submissions = [asyncio.create_task(submit(device, temp=21)) for device in devices]
        registration = asyncio.create_task(new_device(owner, "late"))
        _, pending = await asyncio.wait([*submissions, registration], timeout=1.0)
        assert len(pending) == len(devices) + 1, "a write was acknowledged while the database was locked"
        assert (await owner.get(f"/devices/{devices[0].id}"))["device"]["name"] == "probe-0"
    await asyncio.gather(*submissions)
    assert (await owner.get(f"/devices/{(await registration).id}"))["device"]["name"] == "late"


async def test_a_lock_that_stays_is_answered_503_until_it_is_released(
    service: ServiceProcess, client: httpx.AsyncClient
) -> None:
    owner = await sign_up(client, "owner")
    device = await new_device(owner)
    assert await accepts(device, 1)
    with _write_lock(service):
        late = {"name": "late", "device_type": "sensor"}
        registration = asyncio.create_task(owner.send("POST", "/devices/register", json=late))
        waiting = asyncio.gather(*(accepts(device, second) for second in range(2, 12)))
        while not (waiting.done() and registration.done()):
            assert (await owner.get(f"/telemetry/{device.id}/latest"))["latest_data"]["second"]["value"] == 1
            await asyncio.sleep(0.1)
        assert await waiting == [False] * 10
        assert (await registration).status_code == 503
        await wait_until(lambda: is_unhealthy(service), DEADLINE_S)
    await wait_until(lambda: accepts(device, 100), DEADLINE_S)
    await wait_until(lambda: is_healthy(service), SUCCESS_IS_SEEN_WITHIN_S)
    # A refused record is not stored later.
    assert await stored_seconds(device) == [1, 100]
    await new_device(owner, "late")


@contextmanager
def _write_lock(service: ServiceProcess) -> Iterator[None]:
    with closing(sqlite3.connect(service.data_dir / "iotflow.db", isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
