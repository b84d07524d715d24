from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ForecastAccuracy")


@_attrs_define
class ForecastAccuracy:
    """How well the last days would have been forecast, each from the data before it.

    Attributes:
        hours (int): Hours that were compared.
        mae (float): Mean absolute error, in the unit of the measurement.
        mase (float | None): The error as a multiple of that of repeating the day before (method `level`: the hour
            before). Below 1: the forecast is better. Null if that error is 0.
        coverage_80 (float): The share of hours in the 80 % interval.
        coverage_95 (float): The share of hours in the 95 % interval.
    """

    hours: int
    mae: float
    mase: float | None
    coverage_80: float
    coverage_95: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        hours = self.hours

        mae = self.mae

        mase: float | None
        mase = self.mase

        coverage_80 = self.coverage_80

        coverage_95 = self.coverage_95

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "hours": hours,
                "mae": mae,
                "mase": mase,
                "coverage_80": coverage_80,
                "coverage_95": coverage_95,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        hours = d.pop("hours")

        mae = d.pop("mae")

        def _parse_mase(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        mase = _parse_mase(d.pop("mase"))

        coverage_80 = d.pop("coverage_80")

        coverage_95 = d.pop("coverage_95")

        forecast_accuracy = cls(
            hours=hours,
            mae=mae,
            mase=mase,
            coverage_80=coverage_80,
            coverage_95=coverage_95,
        )

        forecast_accuracy.additional_properties = d
        return forecast_accuracy

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
