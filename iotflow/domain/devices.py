"""Devices, their configs and their API keys."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis

MAX_ID = 2**53 - 1
"""The largest id: the largest integer that a JavaScript number holds exactly."""


class DeviceStatus(StrEnum):
    """The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE refuses telemetry."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Device:
    """A device. `last_seen` is the receipt of the device's latest request, None before the first.

    The rates are limits per second, set by an administrator: None where the settings apply, 0 for no limit.
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

    def summary(self) -> "DeviceSummary":
        """Return the fields that caches hold."""
        return DeviceSummary(
            self.id,
            self.user_id,
            self.name,
            self.device_type,
            self.status,
            self.requests_per_second,
            self.points_per_second,
        )


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """The fields of a device that readers, observers and rate limits need.

    The rates are limits per second: None where the settings apply, 0 for no limit.
    """

    id: int
    user_id: UUID
    name: str
    device_type: str
    status: DeviceStatus
    requests_per_second: int | None = None
    points_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class NewDevice:
    """The fields of a device to register."""

    name: str
    device_type: str
    description: str | None = None
    location: str | None = None
    firmware_version: str | None = None
    hardware_version: str | None = None


class DeviceChange(TypedDict, total=False):
    """New values of a device's fields. An absent field keeps its value; None clears an optional field."""

    name: str
    device_type: str
    description: str | None
    location: str | None
    firmware_version: str | None
    hardware_version: str | None
    status: str
    requests_per_second: int | None
    points_per_second: int | None


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """A filter of devices; a field of None does not restrict. `name_part` matches without regard to case."""

    user_id: UUID | None = None
    status: DeviceStatus | None = None
    device_type: str | None = None
    name_part: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """A device's settings. Each change increments the version by one."""

    device_id: int
    config_version: int
    settings: JsonObject
    updated_at: Millis


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A stored API key. `expires_at` is None for the current key; a former key is valid until then."""

    digest: bytes
    device_id: int
    prefix: str
    created_at: Millis
    expires_at: Millis | None
