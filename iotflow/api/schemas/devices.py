"""Bodies about devices."""

from dataclasses import asdict
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.common import WHOLE, Answer, Body, Json, Meta, PartialBody, Timestamp, example, text
from iotflow.domain.devices import MAX_ID, Device, DeviceChange, DeviceConfig, DeviceStatus
from iotflow.domain.groups import Member
from iotflow.domain.times import format_rfc3339

MAX_GRACE_S = 30 * 86_400

Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1]), WHOLE]
DeviceName = Annotated[str, text(128), Field(examples=["greenhouse-1"])]
DeviceType = Annotated[str, text(64), Field(examples=["weather_station"])]
Description = Annotated[str, Field(max_length=1_024, examples=["Under the south window"])]
Location = Annotated[str, Field(max_length=256, examples=["Bench 3"])]
Version = Annotated[str, Field(max_length=64, examples=["1.4.2"])]


Status = Annotated[DeviceStatus, Field(strict=False)]
SettableVersion = Annotated[int, Field(ge=1, le=MAX_ID), WHOLE]
Rate = Annotated[int, Field(ge=0, le=1_000_000_000), WHOLE]
Grace = Annotated[int, Field(ge=0, le=MAX_GRACE_S), WHOLE]


class DeviceView(Answer):
    """A device."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["greenhouse-1"])
    description: str | None = Field(examples=["Under the south window"])
    device_type: str = Field(examples=["weather_station"])
    status: DeviceStatus = Field(examples=["active"])
    location: str | None = Field(examples=["Bench 3"])
    firmware_version: str | None = Field(examples=["1.4.2"])
    hardware_version: str | None = Field(examples=["B"])
    user_id: UUID
    created_at: Timestamp
    updated_at: Timestamp
    last_seen: Timestamp | None = Field(description="The receipt of the device's own latest request.")


class KeyedDeviceView(DeviceView):
    """A device with its new key."""

    api_key: str = Field(description="Shown this once: only its hash is kept.", examples=["iot_…"])


class StatusDeviceView(DeviceView):
    """A device with its presence."""

    is_online: bool


class MemberView(DeviceView):
    """A device as a group lists it."""

    added_at: Timestamp


class RateLimits(Body):
    """A device's own limits. Null: the service's settings apply; 0: no limit."""

    model_config = example(requests_per_second=10, points_per_second=1_000)

    requests_per_second: Rate | None = None
    points_per_second: Rate | None = None


class AdminDeviceView(DeviceView):
    """A device as administrators see it."""

    rate_limits: RateLimits | None = Field(description="Limits of its own; null where it has none.")

    @classmethod
    def of(cls, device: Device) -> Self:
        """The view of a device."""
        rates = RateLimits(requests_per_second=device.requests_per_second, points_per_second=device.points_per_second)
        return cls(**asdict(device), rate_limits=None if rates == RateLimits() else rates)


class AdminDeviceAnswer(Answer):
    """One device as administrators see it."""

    device: AdminDeviceView


class AdminDeviceList(Answer):
    """A page of devices as administrators see them."""

    devices: list[AdminDeviceView]
    meta: Meta


def device_view(device: Device) -> dict[str, object]:
    """A `DeviceView` as it is encoded: to build a thousand of these models would hold up the event loop."""
    return {
        "id": device.id,
        "name": device.name,
        "description": device.description,
        "device_type": device.device_type,
        "status": device.status,
        "location": device.location,
        "firmware_version": device.firmware_version,
        "hardware_version": device.hardware_version,
        "user_id": device.user_id,
        "created_at": format_rfc3339(device.created_at),
        "updated_at": format_rfc3339(device.updated_at),
        "last_seen": None if device.last_seen is None else format_rfc3339(device.last_seen),
    }


def admin_device_view(device: Device) -> dict[str, object]:
    """An `AdminDeviceView` as it is encoded."""
    own = {"requests_per_second": device.requests_per_second, "points_per_second": device.points_per_second}
    return {**device_view(device), "rate_limits": None if set(own.values()) == {None} else own}


def member_view(member: Member) -> dict[str, object]:
    """A `MemberView` as it is encoded."""
    return {**device_view(member.device), "added_at": format_rfc3339(member.added_at)}


class DeviceAnswer(Answer):
    """One device."""

    device: DeviceView


class KeyedDeviceAnswer(Answer):
    """One device with its new key."""

    device: KeyedDeviceView


class StatusDeviceAnswer(Answer):
    """One device with its presence."""

    device: StatusDeviceView


class DeviceList(Answer):
    """A page of devices."""

    devices: list[DeviceView]
    meta: Meta


class UserDeviceList(DeviceList):
    """A page of a user's devices."""

    user_id: UUID


class NewDeviceBody(Body):
    """A device to register."""

    model_config = example(name="greenhouse-1", device_type="weather_station", location="Bench 3")

    name: DeviceName
    device_type: DeviceType
    description: Description | None = None
    location: Location | None = None
    firmware_version: Version | None = None
    hardware_version: Version | None = None


class DeviceChangeBody(PartialBody):
    """What to change of a device."""

    model_config = example(location="Bench 4", firmware_version="1.5.0")

    name: DeviceName = Field(default_factory=str)
    device_type: DeviceType = Field(default_factory=str)
    description: Description | None = None
    location: Location | None = None
    firmware_version: Version | None = None
    hardware_version: Version | None = None
    status: Status = Field(default_factory=lambda: DeviceStatus.INACTIVE)


class AdminDeviceChangeBody(DeviceChangeBody):
    """What an administrator changes of a device."""

    model_config = example(rate_limits={"requests_per_second": 10, "points_per_second": 1_000})

    rate_limits: RateLimits | None = Field(None, description="Limits of its own, replaced whole; null: none.")

    def change(self) -> DeviceChange:
        """What was given, as devices are changed."""
        given = self.given()
        if "rate_limits" in given:
            limits = given.pop("rate_limits") or RateLimits()
            given |= limits.model_dump()
        return given


class StatusBody(Body):
    """A device's new status."""

    model_config = example(status="maintenance")

    status: Status


class RotationBody(Body):
    """How to change a device's key."""

    model_config = example(grace_seconds=3_600)

    grace_seconds: Grace = Field(0, description="How long the former key works still, in seconds.")


class ConfigAnswer(Answer):
    """A device's config."""

    device_id: int = Field(examples=[1])
    config_version: int = Field(examples=[2])
    settings: Json = Field(examples=[{"interval_seconds": 60}])
    updated_at: Timestamp


def config_view(config: DeviceConfig) -> dict[str, object]:
    """A `ConfigAnswer` as it is encoded: its model would go through all of the settings once more."""
    return {
        "device_id": config.device_id,
        "config_version": config.config_version,
        "settings": config.settings,
        "updated_at": format_rfc3339(config.updated_at),
    }


class ConfigBody(Body):
    """A device's new settings, which replace the former whole."""

    model_config = example(settings={"interval_seconds": 60})

    settings: Json
    config_version: SettableVersion | None = Field(
        None, description="The version that the change was made from; 409 when the stored one differs."
    )


class OwnConfigBody(PartialBody):
    """What a device says of itself."""

    model_config = example(status="active", firmware_version="1.5.0", settings={"interval_seconds": 60})

    status: Status = Field(default_factory=lambda: DeviceStatus.INACTIVE)
    location: Location | None = None
    firmware_version: Version | None = None
    hardware_version: Version | None = None
    settings: Json = Field(default_factory=dict)


class OwnStatus(Answer):
    """A device's own status."""

    device_id: int
    name: str
    status: DeviceStatus
    is_online: bool
    last_seen: Timestamp | None


class Heartbeat(Answer):
    """That the service heard from the device."""

    device_id: int
    timestamp: Timestamp


class OwnCredentials(Answer):
    """The key that the device came with."""

    device_id: int
    name: str
    key_prefix: str
    created_at: Timestamp
    expires_at: Timestamp | None = Field(description="Null but for a former key in its grace.")
