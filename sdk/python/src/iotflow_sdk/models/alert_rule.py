from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.severity import Severity

if TYPE_CHECKING:
    from ..models.alert_condition import AlertCondition


T = TypeVar("T", bound="AlertRule")


@_attrs_define
class AlertRule:
    """An alert rule.

    Attributes:
        id (int):
        name (str):
        device_id (int | None): The device that the rule covers.
        group_id (int | None): The group whose devices the rule covers, also those that join later.
        severity (Severity): How much an alert matters.
        condition (AlertCondition): The condition of an alert rule. `type` decides which of the other fields it has.

            `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`,
            `hysteresis`.
            `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.
        for_seconds (int):
        cooldown_seconds (int):
        enabled (bool):
        webhook_url (None | str): The URL of the webhook that receives the alerts.
        webhook_id (int | None): The id of that webhook.
        email (bool): Whether the owner receives the alerts by e-mail.
        user_id (UUID): The owner of the device or group.
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
    """

    id: int
    name: str
    device_id: int | None
    group_id: int | None
    severity: Severity
    condition: AlertCondition
    for_seconds: int
    cooldown_seconds: int
    enabled: bool
    webhook_url: None | str
    webhook_id: int | None
    email: bool
    user_id: UUID
    created_at: datetime.datetime
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        device_id: int | None
        device_id = self.device_id

        group_id: int | None
        group_id = self.group_id

        severity = self.severity.value

        condition = self.condition.to_dict()

        for_seconds = self.for_seconds

        cooldown_seconds = self.cooldown_seconds

        enabled = self.enabled

        webhook_url: None | str
        webhook_url = self.webhook_url

        webhook_id: int | None
        webhook_id = self.webhook_id

        email = self.email

        user_id = str(self.user_id)

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "name": name,
                "device_id": device_id,
                "group_id": group_id,
                "severity": severity,
                "condition": condition,
                "for_seconds": for_seconds,
                "cooldown_seconds": cooldown_seconds,
                "enabled": enabled,
                "webhook_url": webhook_url,
                "webhook_id": webhook_id,
                "email": email,
                "user_id": user_id,
                "created_at": created_at,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_condition import AlertCondition  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        def _parse_device_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        device_id = _parse_device_id(d.pop("device_id"))

        def _parse_group_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        group_id = _parse_group_id(d.pop("group_id"))

        severity = Severity(d.pop("severity"))

        condition = AlertCondition.from_dict(d.pop("condition"))

        for_seconds = d.pop("for_seconds")

        cooldown_seconds = d.pop("cooldown_seconds")

        enabled = d.pop("enabled")

        def _parse_webhook_url(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        webhook_url = _parse_webhook_url(d.pop("webhook_url"))

        def _parse_webhook_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        webhook_id = _parse_webhook_id(d.pop("webhook_id"))

        email = d.pop("email")

        user_id = UUID(d.pop("user_id"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        alert_rule = cls(
            id=id,
            name=name,
            device_id=device_id,
            group_id=group_id,
            severity=severity,
            condition=condition,
            for_seconds=for_seconds,
            cooldown_seconds=cooldown_seconds,
            enabled=enabled,
            webhook_url=webhook_url,
            webhook_id=webhook_id,
            email=email,
            user_id=user_id,
            created_at=created_at,
            updated_at=updated_at,
        )

        alert_rule.additional_properties = d
        return alert_rule

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
