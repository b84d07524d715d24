from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.severity import Severity
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.alert_condition import AlertCondition


T = TypeVar("T", bound="AlertRuleUpdate")


@_attrs_define
class AlertRuleUpdate:
    """Changes of an alert rule. Absent fields keep their values. The device or group of a rule does not change.

    Attributes:
        name (str | Unset): Without control characters and spaces at either end, with at least one visible character.
        severity (Severity | Unset): How much an alert matters.
        condition (AlertCondition | Unset): The condition of an alert rule. `type` decides which of the other fields it
            has.

            `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`,
            `hysteresis`.
            `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.
        for_seconds (int | Unset):
        cooldown_seconds (int | Unset):
        enabled (bool | Unset):
        webhook_url (None | str | Unset):
        email (bool | Unset): Send the alerts to the owner's address, collected in one e-mail at a time. Refused by a
            service that sends no e-mail.
    """

    name: str | Unset = UNSET
    severity: Severity | Unset = UNSET
    condition: AlertCondition | Unset = UNSET
    for_seconds: int | Unset = UNSET
    cooldown_seconds: int | Unset = UNSET
    enabled: bool | Unset = UNSET
    webhook_url: None | str | Unset = UNSET
    email: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        severity: str | Unset = UNSET
        if not isinstance(self.severity, Unset):
            severity = self.severity.value

        condition: dict[str, Any] | Unset = UNSET
        if not isinstance(self.condition, Unset):
            condition = self.condition.to_dict()

        for_seconds = self.for_seconds

        cooldown_seconds = self.cooldown_seconds

        enabled = self.enabled

        webhook_url: None | str | Unset
        if isinstance(self.webhook_url, Unset):
            webhook_url = UNSET
        else:
            webhook_url = self.webhook_url

        email = self.email

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if severity is not UNSET:
            field_dict["severity"] = severity
        if condition is not UNSET:
            field_dict["condition"] = condition
        if for_seconds is not UNSET:
            field_dict["for_seconds"] = for_seconds
        if cooldown_seconds is not UNSET:
            field_dict["cooldown_seconds"] = cooldown_seconds
        if enabled is not UNSET:
            field_dict["enabled"] = enabled
        if webhook_url is not UNSET:
            field_dict["webhook_url"] = webhook_url
        if email is not UNSET:
            field_dict["email"] = email

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_condition import AlertCondition  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name", UNSET)

        _severity = d.pop("severity", UNSET)
        severity: Severity | Unset
        if isinstance(_severity, Unset):
            severity = UNSET
        else:
            severity = Severity(_severity)

        _condition = d.pop("condition", UNSET)
        condition: AlertCondition | Unset
        if isinstance(_condition, Unset):
            condition = UNSET
        else:
            condition = AlertCondition.from_dict(_condition)

        for_seconds = d.pop("for_seconds", UNSET)

        cooldown_seconds = d.pop("cooldown_seconds", UNSET)

        enabled = d.pop("enabled", UNSET)

        def _parse_webhook_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        webhook_url = _parse_webhook_url(d.pop("webhook_url", UNSET))

        email = d.pop("email", UNSET)

        alert_rule_update = cls(
            name=name,
            severity=severity,
            condition=condition,
            for_seconds=for_seconds,
            cooldown_seconds=cooldown_seconds,
            enabled=enabled,
            webhook_url=webhook_url,
            email=email,
        )

        return alert_rule_update
