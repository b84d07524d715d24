"""Interfaces of devices, their API keys and their configs."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from iotflow.domain.devices import (
    ConfigVersion,
    Device,
    DeviceChange,
    DeviceConfig,
    DeviceFilter,
    DeviceKey,
    DeviceStatus,
    NewDevice,
)
from iotflow.domain.json import JsonObject
from iotflow.domain.principals import DevicePrincipal
from iotflow.domain.times import Millis


class DeviceRepository(Protocol):
    """Devices. Ids are never reused; a name is unique among its owner's devices, case-sensitive."""

    async def add(self, user_id: UUID, device: NewDevice, at: Millis) -> Device:
        """Store a new, inactive device. Other additions to the account wait until the transaction ends.

        Raises:
        - Conflict: the name is taken.
        - NotFound: the user is unknown.

        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Return whether an account has more devices than `number`."""
        ...

    async def get(self, device_id: int) -> Device | None:
        """Return the device, None for an unknown id."""
        ...

    async def lock(self, device_ids: Collection[int]) -> list[Device]:
        """Lock devices until the transaction ends. Return those that exist, ordered by id."""
        ...

    async def update(self, device_id: int, change: DeviceChange, at: Millis) -> Device:
        """Change the fields in `change`, and return the device.

        Raises:
        - NotFound: the id is unknown.
        - Conflict: the name is taken.

        """
        ...

    async def activate(self, device_ids: Collection[int], at: Millis) -> list[Device]:
        """Make inactive devices active. Return those that changed."""
        ...

    async def delete(self, device_id: int) -> None:
        """Remove the device with its keys, config and memberships. Raises NotFound."""
        ...

    async def page(self, where: DeviceFilter, limit: int, offset: int) -> tuple[list[Device], int]:
        """Return a page of the devices that match, ordered by id, and the number of all that match."""
        ...

    async def delete_of_user(self, user_id: UUID, limit: int) -> list[int]:
        """Remove up to `limit` devices of a user that is marked as deleted, as `delete` does. Return their ids."""
        ...

    async def ids_after(self, user_id: UUID, after: int, limit: int) -> list[int]:
        """Return the user's first device ids above `after`, in order, at most `limit`."""
        ...

    async def some_of_user(self, user_id: UUID, device_ids: Collection[int]) -> list[Device]:
        """Return those of the devices that exist and belong to a user, ordered by id."""
        ...

    async def names(self, device_ids: Collection[int]) -> dict[int, str]:
        """Return the names of devices by id. Devices that do not exist are left out."""
        ...

    async def count_by_status(self, user_id: UUID | None = None) -> dict[DeviceStatus, int]:
        """Return the number of a user's devices of each status. `user_id` None: of all devices."""
        ...

    async def count_by_type(self, user_id: UUID, limit: int) -> dict[str, int]:
        """Return the numbers of a user's devices by type, the most frequent types first, at most `limit`."""
        ...

    async def count_online(self, now: Millis, default_window_s: int) -> int:
        """Return the number of devices that `Device.is_online` by their stored `last_seen`."""
        ...

    async def record_seen(self, seen: Mapping[int, Millis]) -> None:
        """Store when devices were last seen. An older time never replaces a newer one."""
        ...

    async def clamp_last_seen(self, latest: Millis, to: Millis) -> None:
        """Set each `last_seen` after `latest` to `to`: a clock that was ahead has stored it."""
        ...


class KeyRepository(Protocol):
    """API keys, by the SHA-256 digest of each. A device has one current key and at most one former in its grace."""

    async def add(self, key: DeviceKey) -> None:
        """Store a device's current key."""
        ...

    async def find(self, digest: bytes, now: Millis) -> DevicePrincipal | None:
        """Return the device of a key; None if the key is unknown or expired, or the owner is not active."""
        ...

    async def get(self, digest: bytes) -> DeviceKey | None:
        """Return the key of a digest, None for an unknown one."""
        ...

    async def expire_keys(self, device_id: int, current_until: Millis | None) -> list[bytes]:
        """Expire all keys of a device before a new one is added, and return the digests of all of them.

        The current key expires at `current_until`; None: it ends now. A former key ends now.
        """
        ...

    async def digests_of_device(self, device_id: int) -> list[bytes]:
        """Return the digests of a device's keys."""
        ...

    async def delete_expired(self, now: Millis, limit: int) -> int:
        """Remove up to `limit` expired keys, and return the number removed."""
        ...


class ConfigRepository(Protocol):
    """Configs of devices, one for each, with its last `MAX_CONFIG_VERSIONS` versions, the current one included."""

    async def add(self, device_id: int, at: Millis, actor: JsonObject | None = None) -> None:
        """Store a new device's config: empty settings, version 1, made by `actor` (None: unknown)."""
        ...

    async def get(self, device_id: int) -> DeviceConfig | None:
        """Return the device's config, None for an unknown device."""
        ...

    async def update(
        self,
        device_id: int,
        settings: JsonObject | None,
        expected_version: int | None,
        at: Millis,
        actor: JsonObject | None = None,
    ) -> DeviceConfig:
        """Replace the settings (None keeps them), and increment the version by one. `actor` makes the version.

        Raises:
        - NotFound: the device is unknown.
        - Conflict: the stored version is not `expected_version` (None expects any).

        """
        ...

    async def versions(self, device_id: int) -> list[ConfigVersion]:
        """Return the versions that are kept, newest first; none for an unknown device."""
        ...

    async def version(self, device_id: int, config_version: int) -> DeviceConfig | None:
        """Return a version with its settings, None if it is not kept."""
        ...
