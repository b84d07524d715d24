"""Bodies about devices."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.common import WHOLE, Answer, Body, Json, Meta, PartialBody, Timestamp, text
from iotflow.domain.devices import MAX_ID, DeviceStatus

MAX_GRACE_S = 30 * 86_400

Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1]), WHOLE]
DeviceName = Annotated[str, text(128)]
DeviceType = Annotated[str, text(64)]
Description = Annotated[str, Field(max_length=1_024, pattern=r"^[^\x00]*$")]
Location = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]
Version = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
Status = Annotated[DeviceStatus, Field(strict=False)]
SettableVersion = Annotated[int, Field(ge=1, le=MAX_ID), WHOLE]
Grace = Annotated[int, Field(ge=0, le=MAX_GRACE_S), WHOLE]


class DeviceView(Answer):
    """A device."""

    id: int
    name: str
    description: str | None
    device_type: str
    status: DeviceStatus
    location: str | None
    firmware_version: str | None
    hardware_version: str | None
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

    name: Annotated[str, text(128), Field(examples=["greenhouse-1"])]
    device_type: Annotated[str, text(64), Field(examples=["weather_station"])]
    description: Description | None = None
    location: Location | None = None
    firmware_version: Version | None = None
    hardware_version: Version | None = None


class DeviceChangeBody(PartialBody):
    """What to change of a device."""

    name: DeviceName = Field(default_factory=str)
    device_type: DeviceType = Field(default_factory=str)
    description: Description | None = None
    location: Location | None = None
    firmware_version: Version | None = None
    hardware_version: Version | None = None
    status: Status = Field(default_factory=lambda: DeviceStatus.INACTIVE)


class StatusBody(Body):
    """A device's new status."""

    status: Status


class RotationBody(Body):
    """How to change a device's key."""

    grace_seconds: Grace = Field(0, description="How long the former key works still, in seconds.")


class ConfigAnswer(Answer):
    """A device's config."""

    device_id: int
    config_version: int
    settings: Json
    updated_at: Timestamp


class ConfigBody(Body):
    """A device's new settings, which replace the former whole."""

    settings: Annotated[Json, Field(examples=[{"interval_seconds": 60}])]
    config_version: SettableVersion | None = Field(
        None, description="The version that the change was made from; 409 when the stored one differs."
    )


class OwnConfigBody(PartialBody):
    """What a device says of itself."""

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
