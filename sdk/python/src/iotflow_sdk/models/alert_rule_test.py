from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.alert_condition import AlertCondition


T = TypeVar("T", bound="AlertRuleTest")


@_attrs_define
class AlertRuleTest:
    """A rule to replay over the stored records of a device.

    Attributes:
        device_id (int):
        condition (AlertCondition): The condition of an alert rule. `type` decides which of the other fields it has.

            `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`,
            `hysteresis`.
            `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.
        for_seconds (int | Unset): Seconds of event time that the condition must hold. Default: `0`.
        cooldown_seconds (int | Unset): Seconds of event time after the condition cleared in which the rule does not
            fire again. Default: `0`.
        start_time (str | Unset): Start of the time range, included. Default: `-24h`.
        end_time (str | Unset): End of the time range, excluded. Default: `now`.
    """

    device_id: int
    condition: AlertCondition
    for_seconds: int | Unset = UNSET
    cooldown_seconds: int | Unset = UNSET
    start_time: str | Unset = UNSET
    end_time: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        condition = self.condition.to_dict()

        for_seconds = self.for_seconds

        cooldown_seconds = self.cooldown_seconds

        start_time = self.start_time

        end_time = self.end_time

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "device_id": device_id,
                "condition": condition,
            }
        )
        if for_seconds is not UNSET:
            field_dict["for_seconds"] = for_seconds
        if cooldown_seconds is not UNSET:
            field_dict["cooldown_seconds"] = cooldown_seconds
        if start_time is not UNSET:
            field_dict["start_time"] = start_time
        if end_time is not UNSET:
            field_dict["end_time"] = end_time

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_condition import AlertCondition  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        condition = AlertCondition.from_dict(d.pop("condition"))

        for_seconds = d.pop("for_seconds", UNSET)

        cooldown_seconds = d.pop("cooldown_seconds", UNSET)

        start_time = d.pop("start_time", UNSET)

        end_time = d.pop("end_time", UNSET)

        alert_rule_test = cls(
            device_id=device_id,
            condition=condition,
            for_seconds=for_seconds,
            cooldown_seconds=cooldown_seconds,
            start_time=start_time,
            end_time=end_time,
        )

        return alert_rule_test
