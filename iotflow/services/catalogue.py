"""Which names devices have, as this process last read them."""

import sys
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.telemetry import MAX_NAMES_PER_DEVICE
from iotflow.domain.times import Millis
from iotflow.repositories.telemetry import TelemetryRepository

FRESH_MS = 5_000
LIFETIME_MS = 3_600_000
"""Entries leave after this time, so that those of silent devices do."""
LIMIT_BYTES = 16 * 2**20
"""Some 10,000 devices of five names. The largest entry, a thousand long names, takes 0.7 MiB."""
ENTRY_BYTES = 1_000
"""An entry without its names: its places in the cache's tables, and the set."""
NAME_BYTES = 100
"""A name beside its text: its place in the set."""


@dataclass(frozen=True, slots=True)
class _Entry:
    names: set[str]
    until: Millis


class Catalogue:
    """Admits names up to the limit of a device.

    What was read is used for `FRESH_MS`; names that it holds already are admitted beyond that without reading again.
    """

    def __init__(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._entries = TTLCache[int, _Entry](LIMIT_BYTES, LIFETIME_MS, timer=clock.elapsed, getsizeof=_size)

    async def admit(self, device_id: int, names: AbstractSet[str]) -> bool:
        """Whether the device may have these names; if so they count from now on. Raises StoreUnavailable."""
        entry = self._entries.get(device_id)
        if entry is not None and names <= entry.names:
            return True
        if entry is None or entry.until <= self._clock.elapsed():
            entry = await self._read(device_id)
        if len(entry.names | names) > MAX_NAMES_PER_DEVICE:
            return False
        entry.names.update(names)
        self._entries[device_id] = entry  # again: its size has changed
        return True

    async def _read(self, device_id: int) -> _Entry:
        until = Millis(self._clock.elapsed() + FRESH_MS)
        entry = _Entry(set(await self._telemetry.names(device_id)), until)
        self._entries[device_id] = entry
        return entry


def _size(entry: _Entry) -> int:
    return ENTRY_BYTES + NAME_BYTES * len(entry.names) + sum(map(sys.getsizeof, entry.names))
