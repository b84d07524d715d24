from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.day_count import DayCount
    from ..models.device_analytics_fields import DeviceAnalyticsFields


T = TypeVar("T", bound="DeviceAnalytics")


@_attrs_define
class DeviceAnalytics:
    """What a device measured and sent within a time range.

    Attributes:
        device_id (int):
        device_name (str):
        start_time (datetime.datetime):
        end_time (datetime.datetime | None): Null: the range is open.
        fields (DeviceAnalyticsFields): By name, those with numbers in the range, by event time.
        messages_per_day (list[DayCount]): Estimates, by time of receipt; days without are omitted.
        uptime (float | None): The share of the hours (UTC) of the range, since the device's registration and until now,
            in which telemetry of the device arrived. Null if the range has none.
    """

    device_id: int
    device_name: str
    start_time: datetime.datetime
    end_time: datetime.datetime | None
    fields: DeviceAnalyticsFields
    messages_per_day: list[DayCount]
    uptime: float | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        device_name = self.device_name

        start_time = self.start_time.isoformat()

        end_time: None | str
        if isinstance(self.end_time, datetime.datetime):
            end_time = self.end_time.isoformat()
        else:
            end_time = self.end_time

        fields = self.fields.to_dict()

        messages_per_day = []
        for messages_per_day_item_data in self.messages_per_day:
            messages_per_day_item = messages_per_day_item_data.to_dict()
            messages_per_day.append(messages_per_day_item)

        uptime: float | None
        uptime = self.uptime

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "start_time": start_time,
                "end_time": end_time,
                "fields": fields,
                "messages_per_day": messages_per_day,
                "uptime": uptime,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.day_count import DayCount  # noqa: PLC0415
        from ..models.device_analytics_fields import DeviceAnalyticsFields  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

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

        fields = DeviceAnalyticsFields.from_dict(d.pop("fields"))

        messages_per_day = []
        _messages_per_day = d.pop("messages_per_day")
        for messages_per_day_item_data in _messages_per_day:
            messages_per_day_item = DayCount.from_dict(messages_per_day_item_data)

            messages_per_day.append(messages_per_day_item)

        def _parse_uptime(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        uptime = _parse_uptime(d.pop("uptime"))

        device_analytics = cls(
            device_id=device_id,
            device_name=device_name,
            start_time=start_time,
            end_time=end_time,
            fields=fields,
            messages_per_day=messages_per_day,
            uptime=uptime,
        )

        device_analytics.additional_properties = d
        return device_analytics

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
