from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.device_status import DeviceStatus

T = TypeVar("T", bound="DeviceStatusUpdate")


@_attrs_define
class DeviceStatusUpdate:
    """The new status of a device.

    Attributes:
        status (DeviceStatus): The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE refuses
            telemetry.
    """

    status: DeviceStatus

    def to_dict(self) -> dict[str, Any]:
        status = self.status.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "status": status,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        status = DeviceStatus(d.pop("status"))

        device_status_update = cls(
            status=status,
        )

        return device_status_update
