from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.user_record_measurements import UserRecordMeasurements


T = TypeVar("T", bound="UserRecord")


@_attrs_define
class UserRecord:
    """A record of one of a user's devices.

    Attributes:
        device_id (int):
        device_name (str):
        timestamp (datetime.datetime):
        measurements (UserRecordMeasurements):
    """

    device_id: int
    device_name: str
    timestamp: datetime.datetime
    measurements: UserRecordMeasurements
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        device_name = self.device_name

        timestamp = self.timestamp.isoformat()

        measurements = self.measurements.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "timestamp": timestamp,
                "measurements": measurements,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.user_record_measurements import UserRecordMeasurements  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        measurements = UserRecordMeasurements.from_dict(d.pop("measurements"))

        user_record = cls(
            device_id=device_id,
            device_name=device_name,
            timestamp=timestamp,
            measurements=measurements,
        )

        user_record.additional_properties = d
        return user_record

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
