from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.alert_rule import AlertRule
    from ..models.page_info import PageInfo


T = TypeVar("T", bound="AlertRuleList")


@_attrs_define
class AlertRuleList:
    """A page of alert rules.

    Attributes:
        alert_rules (list[AlertRule]):
        meta (PageInfo): The position of a page within its list.
    """

    alert_rules: list[AlertRule]
    meta: PageInfo
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        alert_rules = []
        for alert_rules_item_data in self.alert_rules:
            alert_rules_item = alert_rules_item_data.to_dict()
            alert_rules.append(alert_rules_item)

        meta = self.meta.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "alert_rules": alert_rules,
                "meta": meta,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_rule import AlertRule  # noqa: PLC0415
        from ..models.page_info import PageInfo  # noqa: PLC0415

        d = dict(src_dict)
        alert_rules = []
        _alert_rules = d.pop("alert_rules")
        for alert_rules_item_data in _alert_rules:
            alert_rules_item = AlertRule.from_dict(alert_rules_item_data)

            alert_rules.append(alert_rules_item)

        meta = PageInfo.from_dict(d.pop("meta"))

        alert_rule_list = cls(
            alert_rules=alert_rules,
            meta=meta,
        )

        alert_rule_list.additional_properties = d
        return alert_rule_list

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
