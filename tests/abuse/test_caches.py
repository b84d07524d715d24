"""The caches are limited in bytes, whatever the size of the cached values."""

import httpx

from tests.abuse.harm import unharmed
from tests.api.clients import DeviceClient, UserClient, new_device
from tests.processes import ServiceProcess

NAMES = 1_000
TEXT = "x" * 4_000
LONG_NAME = "n" * 100 + "\U0001f321"
"""The last character makes Python store four bytes for each of the others."""


async def crowded_device(owner: UserClient, number: int, name: str, value: object) -> DeviceClient:
    """Register a device and fill it with the maximum number of names."""
    device = await new_device(owner, f"device {number}")
    records = [
        {"timestamp": 1, "data": {f"{n} {name}": value for n in range(first, first + 250)}}
        for first in range(0, NAMES, 250)
    ]
    for time, record in enumerate(records, start=1_700_000_000):
        record["timestamp"] = time
    assert (await device.post("/telemetry/batch", records))["accepted"] == 4
    return device


async def test_latest_values_that_are_long_texts(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient
) -> None:
    devices = [await crowded_device(ada, number, "name", TEXT) for number in range(20)]
    async with unharmed(service):
        for _ in range(2):
            for device in devices:
                answer = await ada.get(f"/telemetry/{device.id}/latest")
                assert len(answer["latest_data"]) == NAMES


async def test_names_that_are_long(service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient) -> None:
    async with unharmed(service):
        for number in range(200):
            await crowded_device(ada, number, LONG_NAME, 1)
