from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="TelemetryDeleteResult")


@_attrs_define
class TelemetryDeleteResult:
    """The deleted time range, as absolute times.

    Attributes:
        device_id (int):
        start_time (datetime.datetime):
        stop_time (datetime.datetime):
    """

    device_id: int
    start_time: datetime.datetime
    stop_time: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        start_time = self.start_time.isoformat()

        stop_time = self.stop_time.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "start_time": start_time,
                "stop_time": stop_time,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_id = d.pop("device_id")

        start_time = datetime.datetime.fromisoformat(d.pop("start_time"))

        stop_time = datetime.datetime.fromisoformat(d.pop("stop_time"))

        telemetry_delete_result = cls(
            device_id=device_id,
            start_time=start_time,
            stop_time=stop_time,
        )

        telemetry_delete_result.additional_properties = d
        return telemetry_delete_result

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
