"""Which devices there are and whose."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from iotflow.domain.devices import Device, DeviceChange, DeviceFilter, DeviceStatus, NewDevice
from iotflow.domain.times import Millis


class DeviceRepository(Protocol):
    """Devices. An id is never used again; a name is unique, to the letter, among its owner's."""

    async def add(self, user_id: UUID, device: NewDevice, at: Millis) -> Device:
        """Store a new, inactive device. Nobody else adds one to the account until the transaction ends.

        Raises Conflict for a taken name, NotFound for an unknown user.
        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Whether an account has more devices than this."""
        ...

    async def get(self, device_id: int) -> Device | None:
        """The device of this id."""
        ...

    async def lock(self, device_ids: Collection[int]) -> list[Device]:
        """Those of these devices that there are, by id; no other transaction changes them until this one ends."""
        ...

    async def update(self, device_id: int, change: DeviceChange, at: Millis) -> Device:
        """Change what `change` names. Raises NotFound, or Conflict for a taken name."""
        ...

    async def activate(self, device_ids: Collection[int], at: Millis) -> list[Device]:
        """Make those of these devices that are inactive active, and give them."""
        ...

    async def delete(self, device_id: int) -> None:
        """Remove the device with its keys, config and memberships. Raises NotFound."""
        ...

    async def page(self, where: DeviceFilter, limit: int, offset: int) -> tuple[list[Device], int]:
        """Devices by id, and how many match in all."""
        ...

    async def delete_of_user(self, user_id: UUID, limit: int) -> list[int]:
        """Remove up to `limit` devices of a user who is marked as deleted, as `delete` does; their ids."""
        ...

    async def ids_after(self, user_id: UUID, after: int, limit: int) -> list[int]:
        """Return the user's first ids above `after`, in order, up to a number of them."""
        ...

    async def names(self, device_ids: Collection[int]) -> dict[int, str]:
        """Return the names of those of these devices that exist."""
        ...

    async def count_by_status(self) -> dict[DeviceStatus, int]:
        """How many devices have each status."""
        ...

    async def count_seen_since(self, since: Millis) -> int:
        """How many devices were last seen at or after this time, as far as it is stored here."""
        ...

    async def record_seen(self, seen: Mapping[int, Millis]) -> None:
        """Remember when each device was last seen; an older time never replaces a newer one."""
        ...

    async def clamp_last_seen(self, latest: Millis, to: Millis) -> None:
        """Set each `last_seen` after `latest` to `to`: it was stored while the clock was ahead."""
        ...
