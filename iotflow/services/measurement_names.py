"""The names of devices' measurements: cached in the process to enforce their limit, and those near a missing one."""

import heapq
import sys
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.near_names import Nearness, nearness
from iotflow.domain.telemetry import MAX_NAMES_PER_DEVICE
from iotflow.domain.times import Millis
from iotflow.metrics.definitions import RECORDS_REJECTED
from iotflow.repositories.telemetry import TelemetryRepository

FRESH_FOR_MS = 5_000
"""Time in milliseconds after which an entry is stale."""
ENTRY_LIFETIME_MS = 3_600_000
"""Lifetime of an entry in milliseconds, so that entries of inactive devices expire."""
MAX_CACHE_BYTES = 16 * 2**20
"""Some 10,000 devices with five names. The largest entry, with a thousand long names, takes 0.7 MiB."""
ENTRY_BYTES = 1_000
"""Size of an entry without its names, in bytes: the set, and its slots in the tables of the cache."""
NAME_BYTES = 100
"""Size of a name without its text, in bytes: its slot in the set."""
MAX_NEAR_NAMES = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    names: set[str]
    until: Millis


class MeasurementNameCache:
    """A cache of devices' names that admits new ones up to `MAX_NAMES_PER_DEVICE`.

    An entry is fresh for `FRESH_FOR_MS`. A stale entry admits the names that it holds without a read.
    """

    def __init__(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._entries = TTLCache[int, _Entry](MAX_CACHE_BYTES, ENTRY_LIFETIME_MS, timer=clock.elapsed, getsizeof=_size)

    async def try_add(self, device_id: int, names: AbstractSet[str]) -> bool:
        """Return whether the device may have a record's names, and if so add them. Raises StoreUnavailable."""
        entry = self._entries.get(device_id)
        if entry is not None and names <= entry.names:
            return True
        if entry is None or entry.until <= self._clock.elapsed():
            entry = await self._read(device_id)
        if len(entry.names | names) > MAX_NAMES_PER_DEVICE:
            RECORDS_REJECTED.add(1, "names")
            return False
        entry.names.update(names)
        self._entries[device_id] = entry  # stored again: the cache must measure its new size
        return True

    async def _read(self, device_id: int) -> _Entry:
        until = Millis(self._clock.elapsed() + FRESH_FOR_MS)
        entry = _Entry(set(await self._telemetry.names(device_id)), until)
        self._entries[device_id] = entry
        return entry


def _size(entry: _Entry) -> int:
    return ENTRY_BYTES + NAME_BYTES * len(entry.names) + sum(map(sys.getsizeof, entry.names))


async def find_near_names(asked: str, names: Collection[str]) -> list[str]:
    """Return the names that are near to the one asked for, the nearest first, at most `MAX_NEAR_NAMES`."""
    time_slice = TimeSlice()
    near: list[tuple[Nearness, str]] = []
    for name in names:
        if (found := nearness(asked, name)) is not None:
            near.append((found, name))
        await time_slice.pause()
    return [name for _, name in heapq.nsmallest(MAX_NEAR_NAMES, near)]
