from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.device_status import DeviceStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_rate_limits import DeviceRateLimits


T = TypeVar("T", bound="AdminDeviceUpdate")


@_attrs_define
class AdminDeviceUpdate:
    """An administrator's changes of a device. Absent fields keep their values; null clears a field.

    Attributes:
        name (str | Unset): Without control characters and spaces at either end, with at least one visible character.
        device_type (str | Unset):
        description (None | str | Unset):
        location (None | str | Unset):
        firmware_version (None | str | Unset):
        hardware_version (None | str | Unset):
        online_window (int | None | Unset):
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE
            refuses telemetry.
        rate_limits (DeviceRateLimits | None | Unset): Rate limits of this device; both values are replaced. Null: the
            service's settings apply.
    """

    name: str | Unset = UNSET
    device_type: str | Unset = UNSET
    description: None | str | Unset = UNSET
    location: None | str | Unset = UNSET
    firmware_version: None | str | Unset = UNSET
    hardware_version: None | str | Unset = UNSET
    online_window: int | None | Unset = UNSET
    status: DeviceStatus | Unset = UNSET
    rate_limits: DeviceRateLimits | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.device_rate_limits import DeviceRateLimits  # noqa: PLC0415

        name = self.name

        device_type = self.device_type

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

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

        online_window: int | None | Unset
        if isinstance(self.online_window, Unset):
            online_window = UNSET
        else:
            online_window = self.online_window

        status: str | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.value

        rate_limits: dict[str, Any] | None | Unset
        if isinstance(self.rate_limits, Unset):
            rate_limits = UNSET
        elif isinstance(self.rate_limits, DeviceRateLimits):
            rate_limits = self.rate_limits.to_dict()
        else:
            rate_limits = self.rate_limits

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if device_type is not UNSET:
            field_dict["device_type"] = device_type
        if description is not UNSET:
            field_dict["description"] = description
        if location is not UNSET:
            field_dict["location"] = location
        if firmware_version is not UNSET:
            field_dict["firmware_version"] = firmware_version
        if hardware_version is not UNSET:
            field_dict["hardware_version"] = hardware_version
        if online_window is not UNSET:
            field_dict["online_window"] = online_window
        if status is not UNSET:
            field_dict["status"] = status
        if rate_limits is not UNSET:
            field_dict["rate_limits"] = rate_limits

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_rate_limits import DeviceRateLimits  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name", UNSET)

        device_type = d.pop("device_type", UNSET)

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

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

        def _parse_online_window(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        online_window = _parse_online_window(d.pop("online_window", UNSET))

        _status = d.pop("status", UNSET)
        status: DeviceStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = DeviceStatus(_status)

        def _parse_rate_limits(data: object) -> DeviceRateLimits | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                rate_limits_type_0 = DeviceRateLimits.from_dict(data)

                return rate_limits_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DeviceRateLimits | None | Unset, data)

        rate_limits = _parse_rate_limits(d.pop("rate_limits", UNSET))

        admin_device_update = cls(
            name=name,
            device_type=device_type,
            description=description,
            location=location,
            firmware_version=firmware_version,
            hardware_version=hardware_version,
            online_window=online_window,
            status=status,
            rate_limits=rate_limits,
        )

        return admin_device_update
