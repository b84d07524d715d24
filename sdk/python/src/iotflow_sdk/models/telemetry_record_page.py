from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.telemetry_record import TelemetryRecord


T = TypeVar("T", bound="TelemetryRecordPage")


@_attrs_define
class TelemetryRecordPage:
    """A page of a device's records.

    Attributes:
        device_id (int):
        device_name (str):
        device_type (str):
        start_time (datetime.datetime):
        end_time (datetime.datetime | None):
        data (list[TelemetryRecord]):
        count (int):
        next_cursor (None | str): Cursor of the next page; null on the last page.
    """

    device_id: int
    device_name: str
    device_type: str
    start_time: datetime.datetime
    end_time: datetime.datetime | None
    data: list[TelemetryRecord]
    count: int
    next_cursor: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        device_name = self.device_name

        device_type = self.device_type

        start_time = self.start_time.isoformat()

        end_time: None | str
        if isinstance(self.end_time, datetime.datetime):
            end_time = self.end_time.isoformat()
        else:
            end_time = self.end_time

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        count = self.count

        next_cursor: None | str
        next_cursor = self.next_cursor

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "device_type": device_type,
                "start_time": start_time,
                "end_time": end_time,
                "data": data,
                "count": count,
                "next_cursor": next_cursor,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.telemetry_record import TelemetryRecord  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        device_type = d.pop("device_type")

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

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = TelemetryRecord.from_dict(data_item_data)

            data.append(data_item)

        count = d.pop("count")

        def _parse_next_cursor(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_cursor = _parse_next_cursor(d.pop("next_cursor"))

        telemetry_record_page = cls(
            device_id=device_id,
            device_name=device_name,
            device_type=device_type,
            start_time=start_time,
            end_time=end_time,
            data=data,
            count=count,
            next_cursor=next_cursor,
        )

        telemetry_record_page.additional_properties = d
        return telemetry_record_page

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
