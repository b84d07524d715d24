"""Devices that fall silent on the real servers, while the process that watches is killed and Redis loses its data."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from iotflow.cli.databases import create_admin
from tests.api.clients import PASSWORD
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack
from tests.waiting import wait_until

SERVICES = 3
WINDOW_S = AFTER_S = 10
HOLDS = "this process holds the lease"
TAKEN_OVER_WITHIN_S = 30.0
DEADLINE_S = 90.0


class Fleet:
    """Devices of one account, each with rules of silence. Those of `senders` submit every second."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.keys: dict[int, str] = {}
        self.senders: set[int] = set()
        self._client = client
        self._headers = headers

    async def add(self, name: str) -> None:
        """Add a device that sends."""
        new = {"name": name, "device_type": "sensor", "online_window": WINDOW_S}
        device = (await self._post("/devices/register", new))["device"]
        for condition in ({"type": "offline"}, {"type": "no_data", "field": "t"}):
            rule = {
                "name": condition["type"],
                "severity": "info",
                "device_id": device["id"],
                "condition": condition | {"after_seconds": AFTER_S},
            }
            await self._post("/alert-rules", rule)
        self.keys[device["id"]] = device["api_key"]
        self.senders.add(device["id"])

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Submit within the block."""
        task = asyncio.create_task(self._send())
        try:
            yield
        finally:
            task.cancel()

    async def events(self, device_id: int) -> list[str]:
        """Return the changes of a device's presence, the oldest first."""
        found = await self._get("/events", device_id)
        return [event["event_type"] for event in reversed(found["events"]) if "line" in event["event_type"]]

    async def alerts(self, device_id: int) -> list[str]:
        """Return the names of the rules of a device's alerts, in order."""
        return sorted(alert["details"]["rule"] for alert in (await self._get("/alerts", device_id))["alerts"])

    async def _send(self) -> None:
        while True:
            for device_id in sorted(self.senders):
                headers = {"X-API-Key": self.keys[device_id]}
                await self._client.post("/telemetry", json={"data": {"t": 1}}, headers=headers)
            await asyncio.sleep(1)

    async def _post(self, path: str, body: object) -> Any:  # Any: decoded JSON
        return (await self._client.post(path, json=body, headers=self._headers)).raise_for_status().json()

    async def _get(self, path: str, device_id: int) -> Any:  # Any: decoded JSON
        query = {"device_id": device_id, "limit": 1_000}
        return (await self._client.get(path, params=query, headers=self._headers)).raise_for_status().json()


def holders(services: list[ServiceProcess]) -> list[ServiceProcess]:
    return [service for service in services if HOLDS in service.log()]


async def wait_for_holder(services: list[ServiceProcess]) -> ServiceProcess:
    async def one_holds() -> bool:
        return holders(services) != []

    await wait_until(one_holds, TAKEN_OVER_WITHIN_S)
    (holder,) = holders(services)
    return holder


@pytest.fixture
def environment(server_stack: ServerStack, tmp_path: Path) -> dict[str, str]:
    """Settings of empty databases with an administrator."""
    asyncio.run(server_stack.restore({}))
    asyncio.run(create_admin(server_stack.settings(tmp_path), "root", "root@example.org", PASSWORD))
    return server_stack.environment()


async def test_each_silence_is_noticed_once_when_the_watching_process_is_killed(
    server_stack: ServerStack, environment: dict[str, str], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        services = [stack.enter_context(ServiceProcess(tmp_path / str(n), environment)) for n in range(SERVICES)]
        holder = await wait_for_holder(services)
        others = [service for service in services if service is not holder]
        base = f"{others[0].base_url}/api/v1"
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as client:
            login = await client.post("/auth/login", json={"username": "root", "password": PASSWORD})
            fleet = Fleet(client, {"Authorization": f"Bearer {login.raise_for_status().json()['access_token']}"})
            for number in range(6):
                await fleet.add(f"probe {number}")
            async with fleet.sending():
                silent = sorted(fleet.senders)[::2]

                async def all_are_online() -> bool:
                    return all([await fleet.events(device_id) == ["device.online"] for device_id in fleet.keys])

                await wait_until(all_are_online, DEADLINE_S, 1)
                fleet.senders -= set(silent)
                await asyncio.to_thread(holder.kill)
                killed_at = time.monotonic()
                await wait_for_holder(others)
                assert time.monotonic() - killed_at < TAKEN_OVER_WITHIN_S
                await asyncio.to_thread(server_stack.clear_cache)

                async def all_are_noticed() -> bool:
                    return all(
                        [
                            await fleet.events(device_id) == ["device.online", "device.offline"]
                            and await fleet.alerts(device_id) == ["no_data", "offline"]
                            for device_id in silent
                        ]
                    )

                await wait_until(all_are_noticed, DEADLINE_S, 1)
                await asyncio.sleep(AFTER_S)  # time in which nothing must follow
                assert await all_are_noticed()
                for device_id in fleet.senders:
                    assert (await fleet.events(device_id), await fleet.alerts(device_id)) == (["device.online"], [])
