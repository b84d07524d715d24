from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.group_member import GroupMember
    from ..models.page_info import PageInfo


T = TypeVar("T", bound="GroupMemberList")


@_attrs_define
class GroupMemberList:
    """A page of a group's devices.

    Attributes:
        group_id (int):
        group_name (str):
        devices (list[GroupMember]):
        meta (PageInfo): The position of a page within its list.
    """

    group_id: int
    group_name: str
    devices: list[GroupMember]
    meta: PageInfo
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        group_id = self.group_id

        group_name = self.group_name

        devices = []
        for devices_item_data in self.devices:
            devices_item = devices_item_data.to_dict()
            devices.append(devices_item)

        meta = self.meta.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "group_id": group_id,
                "group_name": group_name,
                "devices": devices,
                "meta": meta,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.group_member import GroupMember  # noqa: PLC0415
        from ..models.page_info import PageInfo  # noqa: PLC0415

        d = dict(src_dict)
        group_id = d.pop("group_id")

        group_name = d.pop("group_name")

        devices = []
        _devices = d.pop("devices")
        for devices_item_data in _devices:
            devices_item = GroupMember.from_dict(devices_item_data)

            devices.append(devices_item)

        meta = PageInfo.from_dict(d.pop("meta"))

        group_member_list = cls(
            group_id=group_id,
            group_name=group_name,
            devices=devices,
            meta=meta,
        )

        group_member_list.additional_properties = d
        return group_member_list

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
