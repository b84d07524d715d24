"""Devices' newest values, remembered for a while."""

from dataclasses import dataclass
from typing import Protocol

from iotflow.domain.telemetry import LatestValues

LARGEST_ENTRY_BYTES = 2**20
"""A device whose values take more is not cached. A thousand numbers take about a third of it."""


@dataclass(frozen=True, slots=True)
class LatestMiss:
    """Nothing was remembered; `version` is what `fill` compares."""

    version: int


class LatestCache(Protocol):
    """The newest value of each name by event time, per device. It never shows less than the store acknowledged."""

    async def get(self, device_id: int) -> LatestValues | LatestMiss:
        """All of the device's newest values, or a miss."""
        ...

    async def fill(self, device_id: int, values: LatestValues, miss: LatestMiss) -> None:
        """Remember what was read since the miss, unless the device's values changed meanwhile."""
        ...

    async def advance(self, device_id: int, values: LatestValues) -> None:
        """Merge values that were just stored: per name the later event time stays; of one time the later receipt."""
        ...

    async def invalidate(self, device_id: int) -> None:
        """Forget the device's values, and let no read that began before now fill them."""
        ...
