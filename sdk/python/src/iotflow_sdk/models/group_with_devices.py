from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.group_member import GroupMember


T = TypeVar("T", bound="GroupWithDevices")


@_attrs_define
class GroupWithDevices:
    """A group and its devices.

    Attributes:
        id (int):
        name (str):
        description (None | str):
        color (None | str):
        user_id (UUID): The group's owner.
        device_count (int): Number of devices in the group.
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        devices (list[GroupMember]): The first 1,000 devices by id, up to 8 MiB. `device_count` is the number of all;
            `GET /groups/{group_id}/devices` returns all, page by page.
    """

    id: int
    name: str
    description: None | str
    color: None | str
    user_id: UUID
    device_count: int
    created_at: datetime.datetime
    updated_at: datetime.datetime
    devices: list[GroupMember]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        description: None | str
        description = self.description

        color: None | str
        color = self.color

        user_id = str(self.user_id)

        device_count = self.device_count

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        devices = []
        for devices_item_data in self.devices:
            devices_item = devices_item_data.to_dict()
            devices.append(devices_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "description": description,
                "color": color,
                "user_id": user_id,
                "device_count": device_count,
                "created_at": created_at,
                "updated_at": updated_at,
                "devices": devices,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.group_member import GroupMember  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        def _parse_description(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        description = _parse_description(d.pop("description"))

        def _parse_color(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        color = _parse_color(d.pop("color"))

        user_id = UUID(d.pop("user_id"))

        device_count = d.pop("device_count")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        devices = []
        _devices = d.pop("devices")
        for devices_item_data in _devices:
            devices_item = GroupMember.from_dict(devices_item_data)

            devices.append(devices_item)

        group_with_devices = cls(
            id=id,
            name=name,
            description=description,
            color=color,
            user_id=user_id,
            device_count=device_count,
            created_at=created_at,
            updated_at=updated_at,
            devices=devices,
        )

        group_with_devices.additional_properties = d
        return group_with_devices

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
