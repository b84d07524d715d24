"""Devices, their configs and their API keys."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis

MAX_ID = 2**53 - 1
"""The largest id: the largest integer that a JavaScript number holds exactly."""

MAX_ONLINE_WINDOW_S = 30 * 86_400
"""A month, in seconds: longer than the interval at which a device on a battery reports."""

MAX_CONFIG_VERSIONS = 20
"""Versions of a device's config that are kept, the current one included."""


class DeviceStatus(StrEnum):
    """The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE refuses telemetry."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Device:
    """A device. `last_seen` is the receipt of the device's latest request, None before the first.

    The rates are limits per second, set by an administrator: None where the settings apply, 0 for no limit.
    `online_window` is the time in seconds after a request for which the device is online; None: that of the settings.
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
    online_window: int | None = None

    def is_online(self, now: Millis, default_window_s: int) -> bool:
        """Return whether the device was seen within its online window, by default `default_window_s` seconds."""
        window_s = default_window_s if self.online_window is None else self.online_window
        return self.last_seen is not None and self.last_seen > now - window_s * 1_000

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
    online_window: int | None = None


class DeviceChange(TypedDict, total=False):
    """New values of a device's fields. An absent field keeps its value; None clears an optional field."""

    name: str
    device_type: str
    description: str | None
    location: str | None
    firmware_version: str | None
    hardware_version: str | None
    status: str
    online_window: int | None
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
class ConfigVersion:
    """A version of a device's config, without its settings.

    `actor` made it, in the form of an event's actor: `{"type": "user" | "device", "id": …}`. None: it is older than the
    record of actors.
    """

    config_version: int
    updated_at: Millis
    actor: JsonObject | None


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A stored API key. `expires_at` is None for the current key; a former key is valid until then."""

    digest: bytes
    device_id: int
    prefix: str
    created_at: Millis
    expires_at: Millis | None
