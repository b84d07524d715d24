from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.device_status import DeviceStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_self_update_settings import DeviceSelfUpdateSettings


T = TypeVar("T", bound="DeviceSelfUpdate")


@_attrs_define
class DeviceSelfUpdate:
    """What a device reports about itself. Absent fields keep their values; null clears a field.

    Attributes:
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE
            refuses telemetry.
        location (None | str | Unset):
        firmware_version (None | str | Unset):
        hardware_version (None | str | Unset):
        settings (DeviceSelfUpdateSettings | Unset):
    """

    status: DeviceStatus | Unset = UNSET
    location: None | str | Unset = UNSET
    firmware_version: None | str | Unset = UNSET
    hardware_version: None | str | Unset = UNSET
    settings: DeviceSelfUpdateSettings | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        status: str | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.value

        location: None | str | Unset
        if isinstance(self.location, Unset):
            location = UNSET
        else:
            location = self.location

        firmware_version: None | str | Unset
        if isinstance(self.firmware_version, Unset):
            firmware_version = UNSET
        else:
            firmware_version = self.firmware_version

        hardware_version: None | str | Unset
        if isinstance(self.hardware_version, Unset):
            hardware_version = UNSET
        else:
            hardware_version = self.hardware_version

        settings: dict[str, Any] | Unset = UNSET
        if not isinstance(self.settings, Unset):
            settings = self.settings.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if status is not UNSET:
            field_dict["status"] = status
        if location is not UNSET:
            field_dict["location"] = location
        if firmware_version is not UNSET:
            field_dict["firmware_version"] = firmware_version
        if hardware_version is not UNSET:
            field_dict["hardware_version"] = hardware_version
        if settings is not UNSET:
            field_dict["settings"] = settings

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_self_update_settings import DeviceSelfUpdateSettings  # noqa: PLC0415

        d = dict(src_dict)
        _status = d.pop("status", UNSET)
        status: DeviceStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = DeviceStatus(_status)

        def _parse_location(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        location = _parse_location(d.pop("location", UNSET))

        def _parse_firmware_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        firmware_version = _parse_firmware_version(d.pop("firmware_version", UNSET))

        def _parse_hardware_version(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hardware_version = _parse_hardware_version(d.pop("hardware_version", UNSET))

        _settings = d.pop("settings", UNSET)
        settings: DeviceSelfUpdateSettings | Unset
        if isinstance(_settings, Unset):
            settings = UNSET
        else:
            settings = DeviceSelfUpdateSettings.from_dict(_settings)

        device_self_update = cls(
            status=status,
            location=location,
            firmware_version=firmware_version,
            hardware_version=hardware_version,
            settings=settings,
        )

        return device_self_update
