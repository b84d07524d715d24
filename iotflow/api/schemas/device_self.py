"""Bodies of a device's config and of its requests about itself."""

from typing import Literal, cast

from pydantic import MISSING, Field

from iotflow.api.schemas.base import PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.devices import Location, SettableVersion, Status, Version
from iotflow.api.schemas.fields import Json, Timestamp
from iotflow.domain import devices as domain
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.times import format_rfc3339


class DeviceConfig(ResponseModel):
    """The settings of a device and their version."""

    device_id: int = Field(examples=[1])
    config_version: int = Field(description="Rises by one with each change.", examples=[2])
    settings: Json = Field(examples=[{"interval_seconds": 60}])
    updated_at: Timestamp


def dump_device_config(config: domain.DeviceConfig) -> dict[str, object]:
    """Return what a `DeviceConfig` encodes to. The model would validate all settings once more."""
    return {
        "device_id": config.device_id,
        "config_version": config.config_version,
        "settings": config.settings,
        "updated_at": format_rfc3339(config.updated_at),
    }


class Actor(ResponseModel):
    """The author of a change."""

    type: Literal["user", "device"]
    id: str = Field(description="Id of the user or device.", examples=["1"])


class ConfigVersion(ResponseModel):
    """A version of a device's settings, without the settings."""

    config_version: int = Field(examples=[2])
    updated_at: Timestamp = Field(description="When the version was made.")
    actor: Actor | None = Field(description="Who made the version; null for one that is older than this list.")


class ConfigVersionList(ResponseModel):
    """The versions of a device's settings that are kept."""

    device_id: int = Field(examples=[1])
    versions: list[ConfigVersion] = Field(description="Newest first; the first one applies.")


class DeviceConfigUpdate(RequestModel):
    """New settings of a device, which replace all previous ones."""

    model_config = example(settings={"interval_seconds": 60})

    settings: Json
    config_version: SettableVersion | None = Field(
        None, description="Version that the change is based on; 409 if the stored version differs."
    )


class DeviceSelfUpdate(PartialUpdate):
    """What a device reports about itself. Absent fields keep their values; null clears a field."""

    model_config = example(status="active", firmware_version="1.5.0", settings={"interval_seconds": 60})

    status: Status | MISSING = MISSING
    location: Location | MISSING | None = MISSING
    firmware_version: Version | MISSING | None = MISSING
    hardware_version: Version | MISSING | None = MISSING
    settings: Json | MISSING = MISSING

    def change(self) -> domain.DeviceChange:
        """Return the fields of the device that the client sent, without `settings`."""
        given = self.given()
        given.pop("settings", None)
        return cast("domain.DeviceChange", given)


class DeviceSelfStatus(ResponseModel):
    """The calling device's status and presence."""

    device_id: int
    name: str
    status: DeviceStatus
    is_online: bool
    last_seen: Timestamp | None


class Heartbeat(ResponseModel):
    """Acknowledgement of a heartbeat."""

    device_id: int
    timestamp: Timestamp = Field(description="Time of receipt.")


class DeviceCredentials(ResponseModel):
    """The API key that the request used, without its secret."""

    device_id: int
    name: str
    key_prefix: str = Field(description="First characters of the key.")
    created_at: Timestamp
    expires_at: Timestamp | None = Field(
        description="End of the grace period of a previous key; null for the current key."
    )
