"""Clients that disconnect during requests break nothing and lose no acknowledged write."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from iotflow.cli.databases import migrate
from iotflow.settings import load_settings
from tests.api.clients import DeviceClient, UserClient, new_device, sign_up
from tests.api.service import Service, run_service
from tests.clock import FakeClock

REQUESTS = 600
AT_ONCE = 12
SHORT_PATIENCE_S = 0.05
WHOLE_WITHIN_S = 20.0


@pytest.fixture
async def service(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Service]:
    settings = load_settings(data_dir=tmp_path)
    await migrate(settings)
    async with run_service(settings, clock) as service:
        yield service


class Impatient:
    """Clients that send all kinds of requests and cancel half of them. They record the acknowledged ones."""

    def __init__(self, owner: UserClient, devices: list[DeviceClient], seed: int) -> None:
        self._owner = owner
        self._devices = devices
        self._random = random.Random(seed)
        self._sent = 0
        self.acknowledged: dict[int, set[int]] = {device.id: set() for device in devices}
        self.registered: set[str] = set()
        self.ends: Counter[str] = Counter()

    async def send(self) -> None:
        """Send one request, and perhaps cancel it before the answer."""
        self._sent += 1
        kind = self._random.choice([self._submit, self._submit, self._read, self._latest, self._register, self._rename])
        request = asyncio.create_task(kind(self._sent))
        patience_s = self._random.choice([None, self._random.uniform(0, SHORT_PATIENCE_S)])
        await asyncio.wait([request], timeout=patience_s)
        request.cancel()
        await asyncio.wait([request])
        self.ends["cancelled" if request.cancelled() else request.result()] += 1

    async def _submit(self, number: int) -> str:
        device = self._random.choice(self._devices)
        record = {"timestamp": number, "data": {"n": number}}
        if self._random.random() < 0.5:
            await device.post("/telemetry", record)
        else:
            await device.post("/telemetry/batch", [record])
        self.acknowledged[device.id].add(number)
        return "submitted"

    async def _read(self, _number: int) -> str:
        await self._owner.get(f"/telemetry/{self._random.choice(self._devices).id}", start_time="0")
        return "read"

    async def _latest(self, _number: int) -> str:
        answer = await self._owner.send("GET", f"/telemetry/{self._random.choice(self._devices).id}/latest")
        assert answer.status_code in (200, 404), answer.text
        return "read"

    async def _register(self, number: int) -> str:
        await new_device(self._owner, f"late-{number}")
        self.registered.add(f"late-{number}")
        return "registered"

    async def _rename(self, number: int) -> str:
        await self._owner.patch(f"/devices/{self._random.choice(self._devices).id}", {"location": f"place {number}"})
        return "renamed"


@pytest.mark.parametrize("seed", [1, 2])
async def test_clients_that_disconnect_break_nothing(service: Service, seed: int) -> None:
    async with service.client() as client:
        owner = await sign_up(client, "owner")
        devices = [await new_device(owner, f"probe-{number}") for number in range(4)]
        impatient = Impatient(owner, devices, seed)

        async def send_many() -> None:
            for _ in range(REQUESTS // AT_ONCE):
                await impatient.send()

        await asyncio.gather(*(send_many() for _ in range(AT_ONCE)))
        assert impatient.ends.keys() == {"cancelled", "submitted", "read", "registered", "renamed"}

        async with asyncio.timeout(WHOLE_WITHIN_S):
            await _check_telemetry(owner, devices, impatient)
            await _check_devices(service, owner, impatient)
            # More concurrent requests than there are connections succeed.
            await asyncio.gather(*(new_device(owner, f"after-{number}") for number in range(20)))
            await asyncio.gather(*(owner.get(f"/telemetry/{device.id}", start_time="0") for device in 5 * devices))


async def _check_telemetry(owner: UserClient, devices: list[DeviceClient], impatient: Impatient) -> None:
    for device in devices:
        history = await owner.get(f"/telemetry/{device.id}", start_time="0", order="asc")
        numbers = [record["measurements"]["n"] for record in history["data"]]
        assert numbers == sorted(set(numbers))
        assert impatient.acknowledged[device.id] <= set(numbers)
        latest = await owner.get(f"/telemetry/{device.id}/latest")
        assert latest["latest_data"]["n"]["value"] == numbers[-1], "the cache is older than the store"


async def _check_devices(service: Service, owner: UserClient, impatient: Impatient) -> None:
    names = {device["name"] for device in (await owner.get("/devices/user/me", limit=1_000))["devices"]}
    assert impatient.registered <= names
    registered: list[str] = []
    while len(registered) < len(names):  # the relay polls twice a second
        await asyncio.sleep(0.05)
        service.clock.advance(1)
        events = await owner.get("/events", event_type="device.registered", limit=1_000)
        registered = [event["details"]["name"] for event in events["events"]]
    assert Counter(registered) == Counter(names)
