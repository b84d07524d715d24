from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="DeviceCounts")


@_attrs_define
class DeviceCounts:
    """Numbers of devices, by status and presence.

    Attributes:
        total (int):
        active (int):
        inactive (int):
        maintenance (int):
        online (int):
    """

    total: int
    active: int
    inactive: int
    maintenance: int
    online: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        total = self.total

        active = self.active

        inactive = self.inactive

        maintenance = self.maintenance

        online = self.online

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "total": total,
                "active": active,
                "inactive": inactive,
                "maintenance": maintenance,
                "online": online,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        total = d.pop("total")

        active = d.pop("active")

        inactive = d.pop("inactive")

        maintenance = d.pop("maintenance")

        online = d.pop("online")

        device_counts = cls(
            total=total,
            active=active,
            inactive=inactive,
            maintenance=maintenance,
            online=online,
        )

        device_counts.additional_properties = d
        return device_counts

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
