from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.group_member import GroupMember


T = TypeVar("T", bound="GroupSummary")


@_attrs_define
class GroupSummary:
    """A group in a list.

    Attributes:
        id (int):
        name (str):
        description (None | str):
        color (None | str):
        user_id (UUID): The group's owner.
        device_count (int): Number of devices in the group.
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        devices (list[GroupMember] | None | Unset): With `include_devices`: the group's first 1,000 devices by id. A
            page lists at most 10,000 devices, up to 8 MiB, starting with the groups with the lowest ids. `device_count` is
            the number of all devices of a group; `GET /groups/{group_id}/devices` returns all, page by page.
    """

    id: int
    name: str
    description: None | str
    color: None | str
    user_id: UUID
    device_count: int
    created_at: datetime.datetime
    updated_at: datetime.datetime
    devices: list[GroupMember] | None | Unset = UNSET
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

        devices: list[dict[str, Any]] | None | Unset
        if isinstance(self.devices, Unset):
            devices = UNSET
        elif isinstance(self.devices, list):
            devices = []
            for devices_type_0_item_data in self.devices:
                devices_type_0_item = devices_type_0_item_data.to_dict()
                devices.append(devices_type_0_item)

        else:
            devices = self.devices

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
            }
        )
        if devices is not UNSET:
            field_dict["devices"] = devices

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

        def _parse_devices(data: object) -> list[GroupMember] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                devices_type_0 = []
                _devices_type_0 = data
                for devices_type_0_item_data in _devices_type_0:
                    devices_type_0_item = GroupMember.from_dict(devices_type_0_item_data)

                    devices_type_0.append(devices_type_0_item)

                return devices_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[GroupMember] | None | Unset, data)

        devices = _parse_devices(d.pop("devices", UNSET))

        group_summary = cls(
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

        group_summary.additional_properties = d
        return group_summary

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
