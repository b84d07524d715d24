from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.latest_values_latest_data import LatestValuesLatestData


T = TypeVar("T", bound="LatestValues")


@_attrs_define
class LatestValues:
    """The newest value of each measurement of a device.

    Attributes:
        device_id (int):
        device_name (str):
        device_type (str):
        latest_data (LatestValuesLatestData):
        timestamp (datetime.datetime): The newest timestamp among the values.
        cached (bool): Whether the values came from the cache.
    """

    device_id: int
    device_name: str
    device_type: str
    latest_data: LatestValuesLatestData
    timestamp: datetime.datetime
    cached: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        device_name = self.device_name

        device_type = self.device_type

        latest_data = self.latest_data.to_dict()

        timestamp = self.timestamp.isoformat()

        cached = self.cached

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "device_type": device_type,
                "latest_data": latest_data,
                "timestamp": timestamp,
                "cached": cached,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.latest_values_latest_data import LatestValuesLatestData  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        device_type = d.pop("device_type")

        latest_data = LatestValuesLatestData.from_dict(d.pop("latest_data"))

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        cached = d.pop("cached")

        latest_values = cls(
            device_id=device_id,
            device_name=device_name,
            device_type=device_type,
            latest_data=latest_data,
            timestamp=timestamp,
            cached=cached,
        )

        latest_values.additional_properties = d
        return latest_values

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
