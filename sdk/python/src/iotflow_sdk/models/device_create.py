from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="DeviceCreate")


@_attrs_define
class DeviceCreate:
    """A device to register.

    Attributes:
        name (str): Without control characters and spaces at either end, with at least one visible character.
        device_type (str):
        description (None | str | Unset):
        location (None | str | Unset):
        firmware_version (None | str | Unset):
        hardware_version (None | str | Unset):
        online_window (int | None | Unset):
    """

    name: str
    device_type: str
    description: None | str | Unset = UNSET
    location: None | str | Unset = UNSET
    firmware_version: None | str | Unset = UNSET
    hardware_version: None | str | Unset = UNSET
    online_window: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
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

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "device_type": device_type,
            }
        )
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

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        device_type = d.pop("device_type")

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

        device_create = cls(
            name=name,
            device_type=device_type,
            description=description,
            location=location,
            firmware_version=firmware_version,
            hardware_version=hardware_version,
            online_window=online_window,
        )

        return device_create
