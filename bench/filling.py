"""Fill the stores of a service that does not run, through their interfaces: far faster than over HTTP."""

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.credentials import digest, new_api_key, shown_prefix
from iotflow.domain.devices import DeviceKey, NewDevice
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis
from iotflow.repositories.stores import Stores

DEVICES_PER_TRANSACTION = 500
RECORDS_PER_WRITE = 1_000
WRITERS = 32
"""Concurrent writes: those of several devices share the store's commits."""

Item = TypeVar("Item")
Reading = tuple[int, Mapping[str, float]]
"""A time in epoch milliseconds, and the values."""


async def add_devices(stores: Stores, clock: Clock, owner: UUID, number: int) -> list[tuple[int, str]]:
    """Add active devices to an account. Return the id and the key of each."""
    added: list[tuple[int, str]] = []
    while len(added) < number:
        now = clock.now()
        async with stores.transactions.write(bulk=True) as transaction:
            some: list[tuple[int, str]] = []
            for index in range(len(added), min(number, len(added) + DEVICES_PER_TRANSACTION)):
                device = await transaction.devices.add(owner, NewDevice(f"added {index}", "climate"), now)
                key = new_api_key()
                await transaction.keys.add(DeviceKey(digest(key), device.id, shown_prefix(key), now, None))
                await transaction.configs.add(device.id, now)
                some.append((device.id, key))
            await transaction.devices.activate([device_id for device_id, _ in some], now)
        added += some
    return added


async def write_readings(stores: Stores, clock: Clock, of_devices: Mapping[int, Iterable[Reading]]) -> int:
    """Store the readings of each device. Return the number of points."""
    batches = _batches(of_devices)
    points = 0

    async def write() -> None:
        nonlocal points
        for device_id, readings in batches:
            received = clock.unique_now
            records = [Record(Millis(time_ms), values, None, received()) for time_ms, values in readings]
            await stores.telemetry.write(device_id, records)
            points += sum(len(values) for _, values in readings)

    async with asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(write())
    return points


def _batches(of_devices: Mapping[int, Iterable[Reading]]) -> Iterator[tuple[int, list[Reading]]]:
    for device_id, readings in of_devices.items():
        for some in chunks(readings, RECORDS_PER_WRITE):
            yield device_id, some


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of at most `size` items."""
    remaining = iter(items)
    return iter(partial(_first, remaining, size), [])


def _first(items: Iterator[Item], number: int) -> list[Item]:
    return list(itertools.islice(items, number))
