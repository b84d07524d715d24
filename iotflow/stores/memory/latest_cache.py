"""Devices' newest values in the memory of one process."""

from collections import OrderedDict

from iotflow.clock import Clock
from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import Micros
from iotflow.repositories.latest_cache import LatestMiss
from iotflow.stores.memory.versions import Versions

SIZE = 10_000


class MemoryLatestCache:
    """Plays `LatestCache`: the `SIZE` devices read last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: OrderedDict[int, dict[str, LatestValue]] = OrderedDict()
        self._versions = Versions(SIZE)
        self._invalidated_at = Micros(0)

    async def get(self, device_id: int) -> LatestValues | LatestMiss:
        values = self._entries.get(device_id)
        if values is not None:
            now_us = self._clock.now() * 1_000
            if all(latest.expires is None or latest.expires > now_us for latest in values.values()):
                self._entries.move_to_end(device_id)
                return dict(values)
            # An older value that is still kept may take the place of the expired one: only the store knows.
            del self._entries[device_id]
        return LatestMiss(self._versions.current(device_id))

    async def fill(self, device_id: int, values: LatestValues, miss: LatestMiss) -> None:
        if self._versions.current(device_id) != miss.version:
            return
        self._entries[device_id] = dict(values)
        self._entries.move_to_end(device_id)
        if len(self._entries) > SIZE:
            self._entries.popitem(last=False)

    async def advance(self, device_id: int, values: LatestValues) -> None:
        # A read that is under way may have missed these values.
        self._versions.bump(device_id)
        if any(latest.received <= self._invalidated_at for latest in values.values()):
            # Their write began before an invalidation: a deletion may have taken them from the store again.
            self._entries.pop(device_id, None)
            return
        held = self._entries.get(device_id)
        if held is None:
            return
        for name, latest in values.items():
            known = held.get(name)
            if known is None or (known.timestamp, known.received) <= (latest.timestamp, latest.received):
                held[name] = latest

    async def invalidate(self, device_id: int) -> None:
        self._versions.bump(device_id)
        self._entries.pop(device_id, None)
        self._invalidated_at = self._clock.receipt()
