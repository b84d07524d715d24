from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.device_group import DeviceGroup


T = TypeVar("T", bound="DeviceGroupList")


@_attrs_define
class DeviceGroupList:
    """The groups that contain a device.

    Attributes:
        device_id (int):
        groups (list[DeviceGroup]): The first 1,000 groups by id.
    """

    device_id: int
    groups: list[DeviceGroup]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        groups = []
        for groups_item_data in self.groups:
            groups_item = groups_item_data.to_dict()
            groups.append(groups_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "groups": groups,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_group import DeviceGroup  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        groups = []
        _groups = d.pop("groups")
        for groups_item_data in _groups:
            groups_item = DeviceGroup.from_dict(groups_item_data)

            groups.append(groups_item)

        device_group_list = cls(
            device_id=device_id,
            groups=groups,
        )

        device_group_list.additional_properties = d
        return device_group_list

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
