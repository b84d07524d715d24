from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="AddDevicesRequest")


@_attrs_define
class AddDevicesRequest:
    """Devices to add to a group.

    Attributes:
        device_ids (list[int]):
    """

    device_ids: list[int]

    def to_dict(self) -> dict[str, Any]:
        device_ids = self.device_ids

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "device_ids": device_ids,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_ids = cast(list[int], d.pop("device_ids"))

        add_devices_request = cls(
            device_ids=device_ids,
        )

        return add_devices_request
