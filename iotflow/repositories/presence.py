"""When devices were last seen."""

from collections.abc import Collection, Mapping
from typing import Protocol

from iotflow.domain.times import Millis


class PresenceRepository(Protocol):
    """Times of receipt of devices' own requests that the SQL store may not know yet."""

    async def seen(self, device_id: int, at: Millis) -> None:
        """The device has just made a request; an older time never replaces a newer one."""
        ...

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        """When those of these devices that are known here were last seen."""
        ...

    async def unflushed(self) -> Mapping[int, Millis]:
        """All times not yet said to be stored in SQL."""
        ...

    async def flushed(self, seen: Mapping[int, Millis]) -> None:
        """These times are stored in SQL; a later one of the same device is not."""
        ...

    async def forget(self, device_ids: Collection[int]) -> None:
        """These devices, one or more, are gone."""
        ...
