from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.forecast_method import ForecastMethod

if TYPE_CHECKING:
    from ..models.forecast_accuracy import ForecastAccuracy
    from ..models.forecast_history import ForecastHistory
    from ..models.hour_forecast import HourForecast


T = TypeVar("T", bound="DeviceForecast")


@_attrs_define
class DeviceForecast:
    """The forecast of a measurement's hourly means.

    Attributes:
        device_id (int):
        device_name (str):
        field (str):
        method (ForecastMethod): A structural time series model: a level that wanders, with or without a daily season.
        history (ForecastHistory): The hours that a forecast is made from.
        forecast (list[HourForecast]):
        accuracy (ForecastAccuracy | None): Null if none of the last hours has numbers.
    """

    device_id: int
    device_name: str
    field: str
    method: ForecastMethod
    history: ForecastHistory
    forecast: list[HourForecast]
    accuracy: ForecastAccuracy | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.forecast_accuracy import ForecastAccuracy  # noqa: PLC0415

        device_id = self.device_id

        device_name = self.device_name

        field = self.field

        method = self.method.value

        history = self.history.to_dict()

        forecast = []
        for forecast_item_data in self.forecast:
            forecast_item = forecast_item_data.to_dict()
            forecast.append(forecast_item)

        accuracy: dict[str, Any] | None
        if isinstance(self.accuracy, ForecastAccuracy):
            accuracy = self.accuracy.to_dict()
        else:
            accuracy = self.accuracy

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "field": field,
                "method": method,
                "history": history,
                "forecast": forecast,
                "accuracy": accuracy,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.forecast_accuracy import ForecastAccuracy  # noqa: PLC0415
        from ..models.forecast_history import ForecastHistory  # noqa: PLC0415
        from ..models.hour_forecast import HourForecast  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        field = d.pop("field")

        method = ForecastMethod(d.pop("method"))

        history = ForecastHistory.from_dict(d.pop("history"))

        forecast = []
        _forecast = d.pop("forecast")
        for forecast_item_data in _forecast:
            forecast_item = HourForecast.from_dict(forecast_item_data)

            forecast.append(forecast_item)

        def _parse_accuracy(data: object) -> ForecastAccuracy | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                accuracy_type_0 = ForecastAccuracy.from_dict(data)

                return accuracy_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ForecastAccuracy | None, data)

        accuracy = _parse_accuracy(d.pop("accuracy"))

        device_forecast = cls(
            device_id=device_id,
            device_name=device_name,
            field=field,
            method=method,
            history=history,
            forecast=forecast,
            accuracy=accuracy,
        )

        device_forecast.additional_properties = d
        return device_forecast

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
