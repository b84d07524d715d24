from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.aggregation import Aggregation

if TYPE_CHECKING:
    from ..models.window_value import WindowValue


T = TypeVar("T", bound="AggregateResult")


@_attrs_define
class AggregateResult:
    """One statistic per window. Windows without values are omitted.

    Attributes:
        device_id (int):
        field (str):
        aggregation (Aggregation): A statistic of the values in a window.
        window (str):
        data (list[WindowValue]):
    """

    device_id: int
    field: str
    aggregation: Aggregation
    window: str
    data: list[WindowValue]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        field = self.field

        aggregation = self.aggregation.value

        window = self.window

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "field": field,
                "aggregation": aggregation,
                "window": window,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.window_value import WindowValue  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        field = d.pop("field")

        aggregation = Aggregation(d.pop("aggregation"))

        window = d.pop("window")

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = WindowValue.from_dict(data_item_data)

            data.append(data_item)

        aggregate_result = cls(
            device_id=device_id,
            field=field,
            aggregation=aggregation,
            window=window,
            data=data,
        )

        aggregate_result.additional_properties = d
        return aggregate_result

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
