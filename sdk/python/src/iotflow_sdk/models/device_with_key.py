from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.device_status import DeviceStatus

T = TypeVar("T", bound="DeviceWithKey")


@_attrs_define
class DeviceWithKey:
    """A device and its new API key.

    Attributes:
        id (int):
        name (str):
        description (None | str):
        device_type (str):
        status (DeviceStatus): The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE refuses
            telemetry.
        location (None | str):
        firmware_version (None | str):
        hardware_version (None | str):
        online_window (int | None): Seconds after a request for which the device is online. Null:
            `IOTFLOW_ONLINE_WINDOW_SECONDS`.
        user_id (UUID): The device's owner.
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        last_seen (datetime.datetime | None): Time of the device's latest request; null before the first.
        api_key (str): Shown only once: the service stores its hash.
    """

    id: int
    name: str
    description: None | str
    device_type: str
    status: DeviceStatus
    location: None | str
    firmware_version: None | str
    hardware_version: None | str
    online_window: int | None
    user_id: UUID
    created_at: datetime.datetime
    updated_at: datetime.datetime
    last_seen: datetime.datetime | None
    api_key: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        description: None | str
        description = self.description

        device_type = self.device_type

        status = self.status.value

        location: None | str
        location = self.location

        firmware_version: None | str
        firmware_version = self.firmware_version

        hardware_version: None | str
        hardware_version = self.hardware_version

        online_window: int | None
        online_window = self.online_window

        user_id = str(self.user_id)

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        last_seen: None | str
        if isinstance(self.last_seen, datetime.datetime):
            last_seen = self.last_seen.isoformat()
        else:
            last_seen = self.last_seen

        api_key = self.api_key

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "description": description,
                "device_type": device_type,
                "status": status,
                "location": location,
                "firmware_version": firmware_version,
                "hardware_version": hardware_version,
                "online_window": online_window,
                "user_id": user_id,
                "created_at": created_at,
                "updated_at": updated_at,
                "last_seen": last_seen,
                "api_key": api_key,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        device_type = d.pop("device_type")

        status = DeviceStatus(d.pop("status"))

        def _parse_location(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        location = _parse_location(d.pop("location"))

        def _parse_firmware_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        firmware_version = _parse_firmware_version(d.pop("firmware_version"))

        def _parse_hardware_version(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        hardware_version = _parse_hardware_version(d.pop("hardware_version"))

        def _parse_online_window(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        online_window = _parse_online_window(d.pop("online_window"))

        user_id = UUID(d.pop("user_id"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        def _parse_last_seen(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_seen_type_0 = datetime.datetime.fromisoformat(data)

                return last_seen_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_seen = _parse_last_seen(d.pop("last_seen"))

        api_key = d.pop("api_key")

        device_with_key = cls(
            id=id,
            name=name,
            description=description,
            device_type=device_type,
            status=status,
            location=location,
            firmware_version=firmware_version,
            hardware_version=hardware_version,
            online_window=online_window,
            user_id=user_id,
            created_at=created_at,
            updated_at=updated_at,
            last_seen=last_seen,
            api_key=api_key,
        )

        device_with_key.additional_properties = d
        return device_with_key

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
