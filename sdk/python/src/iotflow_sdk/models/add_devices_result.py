from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AddDevicesResult")


@_attrs_define
class AddDevicesResult:
    """The outcome for each device id of the request.

    Attributes:
        added (list[int]): Devices added to the group.
        skipped (list[int]): Devices that were in the group already.
        not_found (list[int]): Ids that belong to no device of the group's owner.
    """

    added: list[int]
    skipped: list[int]
    not_found: list[int]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        added = self.added

        skipped = self.skipped

        not_found = self.not_found

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "added": added,
                "skipped": skipped,
                "not_found": not_found,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        added = cast(list[int], d.pop("added"))

        skipped = cast(list[int], d.pop("skipped"))

        not_found = cast(list[int], d.pop("not_found"))

        add_devices_result = cls(
            added=added,
            skipped=skipped,
            not_found=not_found,
        )

        add_devices_result.additional_properties = d
        return add_devices_result

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
