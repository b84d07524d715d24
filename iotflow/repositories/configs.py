"""What devices are configured to do."""

from typing import Protocol

from iotflow.domain.devices import DeviceConfig
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis


class ConfigRepository(Protocol):
    """One config a device."""

    async def add(self, device_id: int, at: Millis) -> None:
        """Store a new device's config: empty settings, version 1."""
        ...

    async def get(self, device_id: int) -> DeviceConfig | None:
        """The device's config."""
        ...

    async def update(
        self, device_id: int, settings: JsonObject | None, expected_version: int | None, at: Millis
    ) -> DeviceConfig:
        """Replace the settings (None leaves them) and raise the version by one.

        Raises NotFound, or Conflict when the stored version is not the expected one.
        """
        ...
