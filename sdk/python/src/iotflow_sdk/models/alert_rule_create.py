from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.severity import Severity
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.alert_condition import AlertCondition


T = TypeVar("T", bound="AlertRuleCreate")


@_attrs_define
class AlertRuleCreate:
    """An alert rule to create. It covers either a device or the devices of a group.

    Attributes:
        name (str): Without control characters and spaces at either end, with at least one visible character.
        severity (Severity): How much an alert matters.
        condition (AlertCondition): The condition of an alert rule. `type` decides which of the other fields it has.

            `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`,
            `hysteresis`.
            `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.
        device_id (int | None | Unset): The device to cover.
        group_id (int | None | Unset): The group whose devices to cover.
        for_seconds (int | Unset): Seconds of event time that the condition must hold. Default: `0`.
        cooldown_seconds (int | Unset): Seconds of event time after the condition cleared in which the rule does not
            fire again. Default: `0`.
        enabled (bool | Unset): Default: `true`.
        webhook_url (None | str | Unset):
        email (bool | Unset): Send the alerts to the owner's address, collected in one e-mail at a time. Refused by a
            service that sends no e-mail. Default: `false`.
    """

    name: str
    severity: Severity
    condition: AlertCondition
    device_id: int | None | Unset = UNSET
    group_id: int | None | Unset = UNSET
    for_seconds: int | Unset = UNSET
    cooldown_seconds: int | Unset = UNSET
    enabled: bool | Unset = UNSET
    webhook_url: None | str | Unset = UNSET
    email: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        severity = self.severity.value

        condition = self.condition.to_dict()

        device_id: int | None | Unset
        if isinstance(self.device_id, Unset):
            device_id = UNSET
        else:
            device_id = self.device_id

        group_id: int | None | Unset
        if isinstance(self.group_id, Unset):
            group_id = UNSET
        else:
            group_id = self.group_id

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

        field_dict.update(
            {
                "name": name,
                "severity": severity,
                "condition": condition,
            }
        )
        if device_id is not UNSET:
            field_dict["device_id"] = device_id
        if group_id is not UNSET:
            field_dict["group_id"] = group_id
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
        name = d.pop("name")

        severity = Severity(d.pop("severity"))

        condition = AlertCondition.from_dict(d.pop("condition"))

        def _parse_device_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        device_id = _parse_device_id(d.pop("device_id", UNSET))

        def _parse_group_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        group_id = _parse_group_id(d.pop("group_id", UNSET))

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

        alert_rule_create = cls(
            name=name,
            severity=severity,
            condition=condition,
            device_id=device_id,
            group_id=group_id,
            for_seconds=for_seconds,
            cooldown_seconds=cooldown_seconds,
            enabled=enabled,
            webhook_url=webhook_url,
            email=email,
        )

        return alert_rule_create
