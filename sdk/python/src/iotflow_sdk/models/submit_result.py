from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SubmitResult")


@_attrs_define
class SubmitResult:
    """Acknowledgement of a durably stored record.

    Attributes:
        device_id (int):
        device_name (str):
        timestamp (datetime.datetime):
        accepted (int): Number of values stored.
        ignored (list[str]): Names that were sent with null, which is no reading.
    """

    device_id: int
    device_name: str
    timestamp: datetime.datetime
    accepted: int
    ignored: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        device_name = self.device_name

        timestamp = self.timestamp.isoformat()

        accepted = self.accepted

        ignored = self.ignored

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "timestamp": timestamp,
                "accepted": accepted,
                "ignored": ignored,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        accepted = d.pop("accepted")

        ignored = cast(list[str], d.pop("ignored"))

        submit_result = cls(
            device_id=device_id,
            device_name=device_name,
            timestamp=timestamp,
            accepted=accepted,
            ignored=ignored,
        )

        submit_result.additional_properties = d
        return submit_result

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
