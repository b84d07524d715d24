from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.active_device import ActiveDevice
    from ..models.day_count import DayCount
    from ..models.owned_device_counts import OwnedDeviceCounts
    from ..models.severity_counts import SeverityCounts


T = TypeVar("T", bound="AccountAnalytics")


@_attrs_define
class AccountAnalytics:
    """An account's devices now, and what happened within a time range.

    Attributes:
        user_id (UUID):
        start_time (datetime.datetime):
        end_time (datetime.datetime | None): Null: the range is open.
        devices (OwnedDeviceCounts): Numbers of an account's devices.
        messages_per_day (list[DayCount]): Estimates, by time of receipt; days without are omitted.
        alerts_by_severity (SeverityCounts): Numbers of alerts by severity.
        most_active_devices (list[ActiveDevice]): The 10 devices with the most submissions within the range, the most
            first.
    """

    user_id: UUID
    start_time: datetime.datetime
    end_time: datetime.datetime | None
    devices: OwnedDeviceCounts
    messages_per_day: list[DayCount]
    alerts_by_severity: SeverityCounts
    most_active_devices: list[ActiveDevice]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user_id = str(self.user_id)

        start_time = self.start_time.isoformat()

        end_time: None | str
        if isinstance(self.end_time, datetime.datetime):
            end_time = self.end_time.isoformat()
        else:
            end_time = self.end_time

        devices = self.devices.to_dict()

        messages_per_day = []
        for messages_per_day_item_data in self.messages_per_day:
            messages_per_day_item = messages_per_day_item_data.to_dict()
            messages_per_day.append(messages_per_day_item)

        alerts_by_severity = self.alerts_by_severity.to_dict()

        most_active_devices = []
        for most_active_devices_item_data in self.most_active_devices:
            most_active_devices_item = most_active_devices_item_data.to_dict()
            most_active_devices.append(most_active_devices_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user_id": user_id,
                "start_time": start_time,
                "end_time": end_time,
                "devices": devices,
                "messages_per_day": messages_per_day,
                "alerts_by_severity": alerts_by_severity,
                "most_active_devices": most_active_devices,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.active_device import ActiveDevice  # noqa: PLC0415
        from ..models.day_count import DayCount  # noqa: PLC0415
        from ..models.owned_device_counts import OwnedDeviceCounts  # noqa: PLC0415
        from ..models.severity_counts import SeverityCounts  # noqa: PLC0415

        d = dict(src_dict)
        user_id = UUID(d.pop("user_id"))

        start_time = datetime.datetime.fromisoformat(d.pop("start_time"))

        def _parse_end_time(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                end_time_type_0 = datetime.datetime.fromisoformat(data)

                return end_time_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        end_time = _parse_end_time(d.pop("end_time"))

        devices = OwnedDeviceCounts.from_dict(d.pop("devices"))

        messages_per_day = []
        _messages_per_day = d.pop("messages_per_day")
        for messages_per_day_item_data in _messages_per_day:
            messages_per_day_item = DayCount.from_dict(messages_per_day_item_data)

            messages_per_day.append(messages_per_day_item)

        alerts_by_severity = SeverityCounts.from_dict(d.pop("alerts_by_severity"))

        most_active_devices = []
        _most_active_devices = d.pop("most_active_devices")
        for most_active_devices_item_data in _most_active_devices:
            most_active_devices_item = ActiveDevice.from_dict(most_active_devices_item_data)

            most_active_devices.append(most_active_devices_item)

        account_analytics = cls(
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
            devices=devices,
            messages_per_day=messages_per_day,
            alerts_by_severity=alerts_by_severity,
            most_active_devices=most_active_devices,
        )

        account_analytics.additional_properties = d
        return account_analytics

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
