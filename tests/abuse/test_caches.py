"""What the caches keep is bounded in bytes, however large a client makes what lies in them."""

import httpx

from tests.abuse.harm import unharmed
from tests.api.people import Person, Thing, new_device
from tests.processes import ServiceProcess

NAMES = 1_000
TEXT = "x" * 4_000
LONG_NAME = "n" * 100 + "\U0001f321"
"""Its last character makes Python keep four bytes for each of the others."""


async def crowded_device(owner: Person, number: int, name: str, value: object) -> Thing:
    """A device with as many names as it may have."""
    device = await new_device(owner, f"device {number}")
    records = [
        {"timestamp": 1, "data": {f"{n} {name}": value for n in range(first, first + 250)}}
        for first in range(0, NAMES, 250)
    ]
    for time, record in enumerate(records, start=1_700_000_000):
        record["timestamp"] = time
    assert (await device.post("/telemetry/batch", records))["accepted"] == 4
    return device


async def test_newest_values_that_are_long_texts(
    service: ServiceProcess, client: httpx.AsyncClient, ada: Person
) -> None:
    devices = [await crowded_device(ada, number, "name", TEXT) for number in range(20)]
    async with unharmed(service):
        for _ in range(2):
            for device in devices:
                answer = await ada.get(f"/telemetry/{device.id}/latest")
                assert len(answer["latest_data"]) == NAMES


async def test_names_that_are_long(service: ServiceProcess, client: httpx.AsyncClient, ada: Person) -> None:
    async with unharmed(service):
        for number in range(200):
            await crowded_device(ada, number, LONG_NAME, 1)
