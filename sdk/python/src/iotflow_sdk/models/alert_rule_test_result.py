from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.rule_firing import RuleFiring


T = TypeVar("T", bound="AlertRuleTestResult")


@_attrs_define
class AlertRuleTestResult:
    """When a rule would have fired.

    Attributes:
        device_id (int):
        start_time (datetime.datetime):
        end_time (datetime.datetime):
        records (int): Records with the rule's name that were replayed.
        firings (list[RuleFiring]): In order of time.
        next_time (datetime.datetime | None): Null: the whole range was replayed. Otherwise the replay ended before this
            time, after about 100,000 records or 1,000 firings.
    """

    device_id: int
    start_time: datetime.datetime
    end_time: datetime.datetime
    records: int
    firings: list[RuleFiring]
    next_time: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        start_time = self.start_time.isoformat()

        end_time = self.end_time.isoformat()

        records = self.records

        firings = []
        for firings_item_data in self.firings:
            firings_item = firings_item_data.to_dict()
            firings.append(firings_item)

        next_time: None | str
        if isinstance(self.next_time, datetime.datetime):
            next_time = self.next_time.isoformat()
        else:
            next_time = self.next_time

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "start_time": start_time,
                "end_time": end_time,
                "records": records,
                "firings": firings,
                "next_time": next_time,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rule_firing import RuleFiring  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        start_time = datetime.datetime.fromisoformat(d.pop("start_time"))

        end_time = datetime.datetime.fromisoformat(d.pop("end_time"))

        records = d.pop("records")

        firings = []
        _firings = d.pop("firings")
        for firings_item_data in _firings:
            firings_item = RuleFiring.from_dict(firings_item_data)

            firings.append(firings_item)

        def _parse_next_time(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                next_time_type_0 = datetime.datetime.fromisoformat(data)

                return next_time_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        next_time = _parse_next_time(d.pop("next_time"))

        alert_rule_test_result = cls(
            device_id=device_id,
            start_time=start_time,
            end_time=end_time,
            records=records,
            firings=firings,
            next_time=next_time,
        )

        alert_rule_test_result.additional_properties = d
        return alert_rule_test_result

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
