"""Devices' newest values in the memory of one process."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import Micros
from iotflow.repositories.latest_cache import LARGEST_ENTRY_BYTES, LatestMiss
from iotflow.stores.memory.versions import Versions

LIMIT_BYTES = 32 * 2**20
"""Some 18,000 devices of three names."""
LIFETIME_MS = 600_000
"""Entries of devices that nobody reads leave after this time."""
VERSIONS = 10_000
ENTRY_BYTES = 1_000
"""An entry without its values: its places in the cache's tables, and the dictionary."""
VALUE_BYTES = 260
"""A value beside its name and what was measured: its object, three times, its place in the dictionary."""


@dataclass(slots=True)
class _Entry:
    values: dict[str, LatestValue]
    size: int


class MemoryLatestCache:
    """Plays `LatestCache`: the devices read last, up to `LIMIT_BYTES`, each for `LIFETIME_MS`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries = TTLCache[int, _Entry](
            LIMIT_BYTES, LIFETIME_MS, timer=clock.elapsed, getsizeof=attrgetter("size")
        )
        self._versions = Versions(VERSIONS)
        self._invalidated_at = Micros(0)

    async def get(self, device_id: int) -> LatestValues | LatestMiss:
        entry = self._entries.get(device_id)
        if entry is not None:
            now_us = self._clock.now() * 1_000
            if all(latest.expires is None or latest.expires > now_us for latest in entry.values.values()):
                return dict(entry.values)
            # An older value that is still kept may take the place of the expired one: only the store knows.
            del self._entries[device_id]
        return LatestMiss(self._versions.current(device_id))

    async def fill(self, device_id: int, values: LatestValues, miss: LatestMiss) -> None:
        if self._versions.current(device_id) == miss.version:
            self._keep(device_id, dict(values), ENTRY_BYTES + _size(values))

    async def advance(self, device_id: int, values: LatestValues) -> None:
        # A read that is under way may have missed these values.
        self._versions.bump(device_id)
        entry = self._entries.get(device_id)
        if entry is None:
            return
        if any(latest.received <= self._invalidated_at for latest in values.values()):
            # Their write began before an invalidation: a deletion may have taken them from the store again.
            self._forget(device_id)
            return
        size = entry.size
        for name, latest in values.items():
            known = entry.values.get(name)
            if known is None or (known.timestamp, known.received) <= (latest.timestamp, latest.received):
                size += _size({name: latest}) - (_size({name: known}) if known else 0)
                entry.values[name] = latest
        if size != entry.size:
            self._keep(device_id, entry.values, size)

    async def invalidate(self, device_id: int) -> None:
        self._versions.bump(device_id)
        self._forget(device_id)
        self._invalidated_at = self._clock.receipt()

    def _keep(self, device_id: int, values: dict[str, LatestValue], size: int) -> None:
        if size <= LARGEST_ENTRY_BYTES:
            self._entries[device_id] = _Entry(values, size)
        else:
            self._forget(device_id)

    def _forget(self, device_id: int) -> None:
        self._entries.pop(device_id, None)


def _size(values: Mapping[str, LatestValue]) -> int:
    """Return the bytes of memory that these values take."""
    return sum(VALUE_BYTES + sys.getsizeof(name) + sys.getsizeof(latest.value) for name, latest in values.items())
