"""Devices, what they are configured to do, and the keys they call with."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis

MAX_ID = 2**53 - 1
"""The largest id: what a JavaScript number holds exactly."""


class DeviceStatus(StrEnum):
    """INACTIVE until its next telemetry; telemetry is refused during MAINTENANCE."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Device:
    """A device. `last_seen` is the receipt of its own latest request, None before the first.

    The rates are limits of its own that an administrator has set, 0 for none; where they are None the settings apply.
    """

    id: int
    user_id: UUID
    name: str
    device_type: str
    description: str | None
    location: str | None
    firmware_version: str | None
    hardware_version: str | None
    status: DeviceStatus
    created_at: Millis
    updated_at: Millis
    last_seen: Millis | None
    requests_per_second: int | None = None
    points_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What an owner says of a device when registering it."""

    name: str
    device_type: str
    description: str | None = None
    location: str | None = None
    firmware_version: str | None = None
    hardware_version: str | None = None


DeviceChange = Mapping[str, str | int | None]
"""Fields of `NewDevice`, `status` and the rates to their new values. Absent stays; None clears an optional field."""


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which devices a list shows; None does not restrict. `name_part` is found in any case."""

    user_id: UUID | None = None
    status: DeviceStatus | None = None
    device_type: str | None = None
    name_part: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """The settings that a device should run with. The version rises by one with each change."""

    device_id: int
    config_version: int
    settings: JsonObject
    updated_at: Millis


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """An API key as it is stored. `expires_at` is None but for a former key in its grace."""

    digest: bytes
    device_id: int
    prefix: str
    created_at: Millis
    expires_at: Millis | None
