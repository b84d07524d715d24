from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="HourForecast")


@_attrs_define
class HourForecast:
    """The forecast of one hour's mean.

    Attributes:
        timestamp (datetime.datetime): Start of the hour.
        value (float):
        lower_80 (float): With a probability of 80 %, the mean lies from here…
        upper_80 (float): … to here.
        lower_95 (float): With a probability of 95 %, the mean lies from here…
        upper_95 (float): … to here.
    """

    timestamp: datetime.datetime
    value: float
    lower_80: float
    upper_80: float
    lower_95: float
    upper_95: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        timestamp = self.timestamp.isoformat()

        value = self.value

        lower_80 = self.lower_80

        upper_80 = self.upper_80

        lower_95 = self.lower_95

        upper_95 = self.upper_95

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "timestamp": timestamp,
                "value": value,
                "lower_80": lower_80,
                "upper_80": upper_80,
                "lower_95": lower_95,
                "upper_95": upper_95,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        value = d.pop("value")

        lower_80 = d.pop("lower_80")

        upper_80 = d.pop("upper_80")

        lower_95 = d.pop("lower_95")

        upper_95 = d.pop("upper_95")

        hour_forecast = cls(
            timestamp=timestamp,
            value=value,
            lower_80=lower_80,
            upper_80=upper_80,
            lower_95=lower_95,
            upper_95=upper_95,
        )

        hour_forecast.additional_properties = d
        return hour_forecast

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
