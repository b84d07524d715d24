"""What devices call with."""

from typing import Protocol

from iotflow.domain.devices import DeviceKey
from iotflow.domain.principals import DevicePrincipal
from iotflow.domain.times import Millis


class KeyRepository(Protocol):
    """API keys, by the SHA-256 digest of each. A device has one current key and at most one former, in its grace."""

    async def add(self, key: DeviceKey) -> None:
        """Store a device's current key."""
        ...

    async def find(self, digest: bytes, now: Millis) -> DevicePrincipal | None:
        """Which device the key proves: not expired, of an active user."""
        ...

    async def get(self, digest: bytes) -> DeviceKey | None:
        """The key of this digest."""
        ...

    async def retire(self, device_id: int, expires_at: Millis | None) -> list[bytes]:
        """End the device's keys, ahead of a new one: the current lives until `expires_at` (None: ends now), any older
        one ends now. Gives the digests of all of them.
        """
        ...

    async def digests_of_device(self, device_id: int) -> list[bytes]:
        """The digests of this device's keys."""
        ...

    async def delete_expired(self, now: Millis, limit: int) -> int:
        """Forget up to `limit` expired keys; how many there were."""
        ...
