from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.status_counts import StatusCounts
    from ..models.type_count import TypeCount


T = TypeVar("T", bound="OwnedDeviceCounts")


@_attrs_define
class OwnedDeviceCounts:
    """Numbers of an account's devices.

    Attributes:
        total (int):
        by_status (StatusCounts): Numbers of devices by status.
        by_type (list[TypeCount]): The 100 most frequent types, most frequent first.
    """

    total: int
    by_status: StatusCounts
    by_type: list[TypeCount]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        total = self.total

        by_status = self.by_status.to_dict()

        by_type = []
        for by_type_item_data in self.by_type:
            by_type_item = by_type_item_data.to_dict()
            by_type.append(by_type_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "total": total,
                "by_status": by_status,
                "by_type": by_type,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.status_counts import StatusCounts  # noqa: PLC0415
        from ..models.type_count import TypeCount  # noqa: PLC0415

        d = dict(src_dict)
        total = d.pop("total")

        by_status = StatusCounts.from_dict(d.pop("by_status"))

        by_type = []
        _by_type = d.pop("by_type")
        for by_type_item_data in _by_type:
            by_type_item = TypeCount.from_dict(by_type_item_data)

            by_type.append(by_type_item)

        owned_device_counts = cls(
            total=total,
            by_status=by_status,
            by_type=by_type,
        )

        owned_device_counts.additional_properties = d
        return owned_device_counts

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
