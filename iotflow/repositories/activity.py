"""How much telemetry devices send, as estimates."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from iotflow.domain.times import Millis

RETENTION_DAYS = 400
"""So long counts are kept at least: a year and what a comparison with the year before needs."""


@dataclass(frozen=True, slots=True)
class DeviceHour:
    """A device and the start of an hour of receipt, UTC."""

    device_id: int
    hour: Millis


@dataclass(frozen=True, slots=True)
class Activity:
    """How many submissions came and how many values they held."""

    messages: int
    points: int


class ActivityRepository(Protocol):
    """Counts per device and hour of receipt, removed some time after `RETENTION_DAYS`."""

    async def add(self, counts: Mapping[DeviceHour, Activity]) -> None:
        """Add to what is stored."""
        ...

    async def points_by_hour(self, since: Millis) -> dict[Millis, int]:
        """All devices' values per hour, for the hours that begin at `since` or later."""
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        """Forget some counts of these devices; whether there may be more."""
        ...
