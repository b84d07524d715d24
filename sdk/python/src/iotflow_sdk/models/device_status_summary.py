from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.device_status import DeviceStatus

T = TypeVar("T", bound="DeviceStatusSummary")


@_attrs_define
class DeviceStatusSummary:
    """The status and presence of a device.

    Attributes:
        id (int):
        name (str):
        device_type (str):
        status (DeviceStatus): The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE refuses
            telemetry.
        is_online (bool):
        last_seen (datetime.datetime | None):
    """

    id: int
    name: str
    device_type: str
    status: DeviceStatus
    is_online: bool
    last_seen: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        device_type = self.device_type

        status = self.status.value

        is_online = self.is_online

        last_seen: None | str
        if isinstance(self.last_seen, datetime.datetime):
            last_seen = self.last_seen.isoformat()
        else:
            last_seen = self.last_seen

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "device_type": device_type,
                "status": status,
                "is_online": is_online,
                "last_seen": last_seen,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        device_type = d.pop("device_type")

        status = DeviceStatus(d.pop("status"))

        is_online = d.pop("is_online")

        def _parse_last_seen(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_seen_type_0 = datetime.datetime.fromisoformat(data)

                return last_seen_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_seen = _parse_last_seen(d.pop("last_seen"))

        device_status_summary = cls(
            id=id,
            name=name,
            device_type=device_type,
            status=status,
            is_online=is_online,
            last_seen=last_seen,
        )

        device_status_summary.additional_properties = d
        return device_status_summary

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
