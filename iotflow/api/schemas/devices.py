"""Bodies about devices."""

from dataclasses import asdict
from typing import Annotated, Self, cast
from uuid import UUID

from pydantic import MISSING, Field

from iotflow.api.schemas.base import PageInfo, PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.fields import WHOLE, Timestamp, VisibleName, text
from iotflow.domain import devices as domain
from iotflow.domain.devices import MAX_ID, MAX_ONLINE_WINDOW_S, DeviceStatus
from iotflow.domain.times import format_rfc3339

MAX_GRACE_S = 30 * 86_400

Id = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1]), WHOLE]
DeviceName = Annotated[VisibleName, Field(examples=["greenhouse-1"])]
DeviceType = Annotated[str, text(64), Field(examples=["weather_station"])]
Description = Annotated[str, Field(max_length=1_024, examples=["Under the south window"])]
Location = Annotated[str, Field(max_length=256, examples=["Bench 3"])]
Version = Annotated[str, Field(max_length=64, examples=["1.4.2"])]

Status = Annotated[DeviceStatus, Field(strict=False)]
SettableVersion = Annotated[int, Field(ge=1, le=MAX_ID), WHOLE]
Rate = Annotated[int, Field(ge=0, le=1_000_000_000), WHOLE]
OnlineWindow = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_ONLINE_WINDOW_S,
        description="Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.",
        examples=[900],
    ),
    WHOLE,
]
Grace = Annotated[int, Field(ge=0, le=MAX_GRACE_S), WHOLE]


class Device(ResponseModel):
    """A device."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["greenhouse-1"])
    description: str | None = Field(examples=["Under the south window"])
    device_type: str = Field(examples=["weather_station"])
    status: DeviceStatus = Field(examples=["active"])
    location: str | None = Field(examples=["Bench 3"])
    firmware_version: str | None = Field(examples=["1.4.2"])
    hardware_version: str | None = Field(examples=["B"])
    online_window: int | None = Field(
        description="Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.",
        examples=[900],
    )
    user_id: UUID = Field(description="The device's owner.")
    created_at: Timestamp
    updated_at: Timestamp
    last_seen: Timestamp | None = Field(description="Time of the device's latest request; null before the first.")


class DeviceWithKey(Device):
    """A device and its new API key."""

    api_key: str = Field(description="Shown only once: the service stores its hash.", examples=["iot_…"])


class DeviceWithPresence(Device):
    """A device, its presence and the newest time of its telemetry."""

    is_online: bool
    latest_timestamp: Timestamp | None = Field(
        description="The newest timestamp of the device's telemetry, which shows a clock that is wrong. Null without "
        "telemetry, and while the telemetry store is unavailable."
    )


class DeviceRateLimits(RequestModel):
    """Rate limits of one device. Null: the service's settings apply; 0: no limit."""

    model_config = example(requests_per_second=10, points_per_second=1_000)

    requests_per_second: Rate | None = None
    points_per_second: Rate | None = None


class AdminDevice(Device):
    """A device, with the fields that only administrators see."""

    rate_limits: DeviceRateLimits | None = Field(
        description="The device's rate limits; null if the service's settings apply."
    )

    @classmethod
    def of(cls, device: domain.Device) -> Self:
        """Return the schema of a device."""
        rates = DeviceRateLimits(
            requests_per_second=device.requests_per_second, points_per_second=device.points_per_second
        )
        return cls(**asdict(device), rate_limits=None if rates == DeviceRateLimits() else rates)


class AdminDeviceResponse(ResponseModel):
    """One device, with the fields that only administrators see."""

    device: AdminDevice


class AdminDeviceList(ResponseModel):
    """A page of devices, with the fields that only administrators see."""

    devices: list[AdminDevice]
    meta: PageInfo


def dump_device(device: domain.Device) -> dict[str, object]:
    """Return what a `Device` encodes to. Building a thousand models would block the event loop."""
    return {
        "id": device.id,
        "name": device.name,
        "description": device.description,
        "device_type": device.device_type,
        "status": device.status,
        "location": device.location,
        "firmware_version": device.firmware_version,
        "hardware_version": device.hardware_version,
        "online_window": device.online_window,
        "user_id": device.user_id,
        "created_at": format_rfc3339(device.created_at),
        "updated_at": format_rfc3339(device.updated_at),
        "last_seen": None if device.last_seen is None else format_rfc3339(device.last_seen),
    }


def dump_admin_device(device: domain.Device) -> dict[str, object]:
    """Return what an `AdminDevice` encodes to."""
    rates = {"requests_per_second": device.requests_per_second, "points_per_second": device.points_per_second}
    return {**dump_device(device), "rate_limits": None if set(rates.values()) == {None} else rates}


class DeviceResponse(ResponseModel):
    """One device."""

    device: Device


class DeviceWithKeyResponse(ResponseModel):
    """One device and its new API key."""

    device: DeviceWithKey


class DeviceWithPresenceResponse(ResponseModel):
    """One device and its presence."""

    device: DeviceWithPresence


class DeviceList(ResponseModel):
    """A page of devices."""

    devices: list[Device]
    meta: PageInfo


class UserDeviceList(DeviceList):
    """A page of a user's devices."""

    user_id: UUID


class DeviceStatusSummary(ResponseModel):
    """The status and presence of a device."""

    id: int
    name: str
    device_type: str
    status: DeviceStatus
    is_online: bool
    last_seen: Timestamp | None


class DeviceStatusList(ResponseModel):
    """A page of devices' statuses."""

    devices: list[DeviceStatusSummary]
    meta: PageInfo


class DeviceCreate(RequestModel):
    """A device to register."""

    model_config = example(name="greenhouse-1", device_type="weather_station", location="Bench 3")

    name: DeviceName
    device_type: DeviceType
    description: Description | None = None
    location: Location | None = None
    firmware_version: Version | None = None
    hardware_version: Version | None = None
    online_window: OnlineWindow | None = None


class DeviceUpdate(PartialUpdate):
    """Changes of a device. Absent fields keep their values; null clears a field."""

    model_config = example(location="Bench 4", firmware_version="1.5.0")

    name: DeviceName | MISSING = MISSING
    device_type: DeviceType | MISSING = MISSING
    description: Description | MISSING | None = MISSING
    location: Location | MISSING | None = MISSING
    firmware_version: Version | MISSING | None = MISSING
    hardware_version: Version | MISSING | None = MISSING
    online_window: OnlineWindow | MISSING | None = MISSING
    status: Status | MISSING = MISSING

    def change(self) -> domain.DeviceChange:
        """Return the fields that the client sent."""
        return cast("domain.DeviceChange", self.given())


class AdminDeviceUpdate(DeviceUpdate):
    """An administrator's changes of a device. Absent fields keep their values; null clears a field."""

    model_config = example(rate_limits={"requests_per_second": 10, "points_per_second": 1_000})

    rate_limits: DeviceRateLimits | MISSING | None = Field(
        MISSING, description="Rate limits of this device; both values are replaced. Null: the service's settings apply."
    )

    def change(self) -> domain.DeviceChange:
        """Return the fields that the client sent, with the rates of `rate_limits`."""
        given = self.given()
        if "rate_limits" in given:
            limits = given.pop("rate_limits") or DeviceRateLimits()
            given |= limits.model_dump()
        return cast("domain.DeviceChange", given)


class DeviceStatusUpdate(RequestModel):
    """The new status of a device."""

    model_config = example(status="maintenance")

    status: Status


class KeyRotation(RequestModel):
    """Options of a key rotation."""

    model_config = example(grace_seconds=3_600)

    grace_seconds: Grace = Field(0, description="Seconds during which the previous key stays valid.")
