from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.comparison import Comparison
from ..models.condition_type import ConditionType
from ..types import UNSET, Unset

T = TypeVar("T", bound="AlertCondition")


@_attrs_define
class AlertCondition:
    """The condition of an alert rule. `type` decides which of the other fields it has.

    `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`, `hysteresis`.
    `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.

        Attributes:
            type_ (ConditionType): The kind of a condition.
            field (str | Unset): Name of the measurement.
            op (Comparison | Unset): How a signal is compared with the value of a condition.
            value (bool | float | int | str | Unset): A finite number (an integer has at most 64 bits), a boolean, or a
                string of at most 4,096 bytes. The service keeps the type.
            hysteresis (float | Unset): While firing, the limit is eased by this: 45 with 5 clears at 40. Default: 0.
            per_second (float | Unset): Of a rate: the unit of time in seconds. `value: -2, per_second: 3600` is a fall by 2
                per hour. Default: 1.
            z (float | Unset): Of an anomaly: the distance from the mean in standard deviations.
            after_seconds (int | Unset): Of `offline` and `no_data`: the length of the silence.
    """

    type_: ConditionType
    field: str | Unset = UNSET
    op: Comparison | Unset = UNSET
    value: bool | float | int | str | Unset = UNSET
    hysteresis: float | Unset = UNSET
    per_second: float | Unset = UNSET
    z: float | Unset = UNSET
    after_seconds: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_.value

        field = self.field

        op: str | Unset = UNSET
        if not isinstance(self.op, Unset):
            op = self.op.value

        value: bool | float | int | str | Unset
        if isinstance(self.value, Unset):
            value = UNSET
        else:
            value = self.value

        hysteresis = self.hysteresis

        per_second = self.per_second

        z = self.z

        after_seconds = self.after_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
            }
        )
        if field is not UNSET:
            field_dict["field"] = field
        if op is not UNSET:
            field_dict["op"] = op
        if value is not UNSET:
            field_dict["value"] = value
        if hysteresis is not UNSET:
            field_dict["hysteresis"] = hysteresis
        if per_second is not UNSET:
            field_dict["per_second"] = per_second
        if z is not UNSET:
            field_dict["z"] = z
        if after_seconds is not UNSET:
            field_dict["after_seconds"] = after_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = ConditionType(d.pop("type"))

        field = d.pop("field", UNSET)

        _op = d.pop("op", UNSET)
        op: Comparison | Unset
        if isinstance(_op, Unset):
            op = UNSET
        else:
            op = Comparison(_op)

        def _parse_value(data: object) -> bool | float | int | str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(bool | float | int | str | Unset, data)

        value = _parse_value(d.pop("value", UNSET))

        hysteresis = d.pop("hysteresis", UNSET)

        per_second = d.pop("per_second", UNSET)

        z = d.pop("z", UNSET)

        after_seconds = d.pop("after_seconds", UNSET)

        alert_condition = cls(
            type_=type_,
            field=field,
            op=op,
            value=value,
            hysteresis=hysteresis,
            per_second=per_second,
            z=z,
            after_seconds=after_seconds,
        )

        return alert_condition
