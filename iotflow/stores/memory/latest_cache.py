"""The cache of devices' latest values, in the memory of one process."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import Micros
from iotflow.metrics import definitions
from iotflow.repositories.cache import MAX_ENTRY_BYTES, Miss
from iotflow.stores.memory.versions import Versions

MAX_BYTES = 32 * 2**20
"""Some 18,000 devices of three names."""
LIFETIME_MS = 600_000
"""Entries expire, so that those of devices that are no longer read are dropped."""
MAX_VERSIONS = 10_000
ENTRY_BYTES = 1_000
"""An entry without its values: its slots in the cache's tables, and the dictionary."""
VALUE_BYTES = 260
"""A value without its name and content: its object, three times, its slot in the dictionary."""


@dataclass(slots=True)
class _Entry:
    latest_values: dict[str, LatestValue]
    size: int


class MemoryLatestCache:
    """In-memory implementation of `LatestCache`: an LRU cache of at most `MAX_BYTES`, each entry for `LIFETIME_MS`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries = TTLCache[int, _Entry](MAX_BYTES, LIFETIME_MS, timer=clock.elapsed, getsizeof=attrgetter("size"))
        self._versions = Versions(MAX_VERSIONS)
        self._invalidated_at = Micros(0)
        definitions.CACHE_ENTRIES.add_source(self, lambda cache: {("latest",): len(cache._entries)})
        definitions.CACHE_BYTES.add_source(self, lambda cache: {("latest",): cache._entries.currsize})

    async def get(self, device_id: int) -> LatestValues | Miss:
        entry = self._entries.get(device_id)
        if entry is not None:
            now_us = self._clock.now() * 1_000
            if all(latest.expires_us is None or latest.expires_us > now_us for latest in entry.latest_values.values()):
                definitions.CACHE_LOOKUPS.add(1, "latest", "hit")
                return dict(entry.latest_values)
            # An older value in the store may take the place of the expired one.
            del self._entries[device_id]
        definitions.CACHE_LOOKUPS.add(1, "latest", "miss")
        return Miss(self._versions.current(device_id))

    async def fill(self, device_id: int, latest_values: LatestValues, miss: Miss) -> None:
        if self._versions.current(device_id) == miss.version:
            self._store(device_id, dict(latest_values), ENTRY_BYTES + _size(latest_values))

    async def merge(self, device_id: int, latest_values: LatestValues) -> None:
        # A read that has begun may have missed these values.
        self._versions.bump(device_id)
        entry = self._entries.get(device_id)
        if entry is None:
            return
        if any(latest.received_us <= self._invalidated_at for latest in latest_values.values()):
            # Their write began before an invalidation: a deletion may have removed them from the store.
            self._drop(device_id)
            return
        size = entry.size
        for name, latest in latest_values.items():
            known = entry.latest_values.get(name)
            if known is None or (known.timestamp, known.received_us) <= (latest.timestamp, latest.received_us):
                size += _size({name: latest}) - (_size({name: known}) if known else 0)
                entry.latest_values[name] = latest
        if size != entry.size:
            self._store(device_id, entry.latest_values, size)

    async def invalidate(self, device_id: int) -> None:
        self._versions.bump(device_id)
        self._drop(device_id)
        self._invalidated_at = self._clock.unique_now()

    def _store(self, device_id: int, latest_values: dict[str, LatestValue], size: int) -> None:
        if size <= MAX_ENTRY_BYTES:
            self._entries[device_id] = _Entry(latest_values, size)
        else:
            self._drop(device_id)

    def _drop(self, device_id: int) -> None:
        self._entries.pop(device_id, None)


def _size(latest_values: Mapping[str, LatestValue]) -> int:
    """Return the bytes of memory that these values take."""
    return sum(
        VALUE_BYTES + sys.getsizeof(name) + sys.getsizeof(latest.value) for name, latest in latest_values.items()
    )
