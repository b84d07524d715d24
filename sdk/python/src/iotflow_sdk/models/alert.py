from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.alert_status import AlertStatus
from ..models.alert_type import AlertType
from ..models.severity import Severity

if TYPE_CHECKING:
    from ..models.alert_details import AlertDetails


T = TypeVar("T", bound="Alert")


@_attrs_define
class Alert:
    """An alert about a device. A rule has at most one unresolved alert about each device.

    Attributes:
        id (UUID):
        rule_id (int | None): Null: a person raised it.
        device_id (int):
        user_id (UUID): The device's owner.
        alert_type (AlertType): What an alert is about.
        severity (Severity): How much an alert matters.
        status (AlertStatus): The place of an alert in its life cycle.
        message (str):
        details (AlertDetails): Of a rule's alert: `rule`, its name, and `signal`, what fired it.
        count (int): Readings that fulfilled the rule since it fired. It may lag by a minute of event time.
        fired_at (datetime.datetime | None): Time of the reading that fired the rule.
        created_at (datetime.datetime):
        updated_at (datetime.datetime):
        acknowledged_at (datetime.datetime | None):
        acknowledged_by (None | UUID): The user who acknowledged it.
        resolved_at (datetime.datetime | None):
    """

    id: UUID
    rule_id: int | None
    device_id: int
    user_id: UUID
    alert_type: AlertType
    severity: Severity
    status: AlertStatus
    message: str
    details: AlertDetails
    count: int
    fired_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime
    acknowledged_at: datetime.datetime | None
    acknowledged_by: None | UUID
    resolved_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        rule_id: int | None
        rule_id = self.rule_id

        device_id = self.device_id

        user_id = str(self.user_id)

        alert_type = self.alert_type.value

        severity = self.severity.value

        status = self.status.value

        message = self.message

        details = self.details.to_dict()

        count = self.count

        fired_at: None | str
        if isinstance(self.fired_at, datetime.datetime):
            fired_at = self.fired_at.isoformat()
        else:
            fired_at = self.fired_at

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        acknowledged_at: None | str
        if isinstance(self.acknowledged_at, datetime.datetime):
            acknowledged_at = self.acknowledged_at.isoformat()
        else:
            acknowledged_at = self.acknowledged_at

        acknowledged_by: None | str
        if isinstance(self.acknowledged_by, UUID):
            acknowledged_by = str(self.acknowledged_by)
        else:
            acknowledged_by = self.acknowledged_by

        resolved_at: None | str
        if isinstance(self.resolved_at, datetime.datetime):
            resolved_at = self.resolved_at.isoformat()
        else:
            resolved_at = self.resolved_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "rule_id": rule_id,
                "device_id": device_id,
                "user_id": user_id,
                "alert_type": alert_type,
                "severity": severity,
                "status": status,
                "message": message,
                "details": details,
                "count": count,
                "fired_at": fired_at,
                "created_at": created_at,
                "updated_at": updated_at,
                "acknowledged_at": acknowledged_at,
                "acknowledged_by": acknowledged_by,
                "resolved_at": resolved_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_details import AlertDetails  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        def _parse_rule_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        rule_id = _parse_rule_id(d.pop("rule_id"))

        device_id = d.pop("device_id")

        user_id = UUID(d.pop("user_id"))

        alert_type = AlertType(d.pop("alert_type"))

        severity = Severity(d.pop("severity"))

        status = AlertStatus(d.pop("status"))

        message = d.pop("message")

        details = AlertDetails.from_dict(d.pop("details"))

        count = d.pop("count")

        def _parse_fired_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                fired_at_type_0 = datetime.datetime.fromisoformat(data)

                return fired_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        fired_at = _parse_fired_at(d.pop("fired_at"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        def _parse_acknowledged_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                acknowledged_at_type_0 = datetime.datetime.fromisoformat(data)

                return acknowledged_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        acknowledged_at = _parse_acknowledged_at(d.pop("acknowledged_at"))

        def _parse_acknowledged_by(data: object) -> None | UUID:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                acknowledged_by_type_0 = UUID(data)

                return acknowledged_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | UUID, data)

        acknowledged_by = _parse_acknowledged_by(d.pop("acknowledged_by"))

        def _parse_resolved_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                resolved_at_type_0 = datetime.datetime.fromisoformat(data)

                return resolved_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        resolved_at = _parse_resolved_at(d.pop("resolved_at"))

        alert = cls(
            id=id,
            rule_id=rule_id,
            device_id=device_id,
            user_id=user_id,
            alert_type=alert_type,
            severity=severity,
            status=status,
            message=message,
            details=details,
            count=count,
            fired_at=fired_at,
            created_at=created_at,
            updated_at=updated_at,
            acknowledged_at=acknowledged_at,
            acknowledged_by=acknowledged_by,
            resolved_at=resolved_at,
        )

        alert.additional_properties = d
        return alert

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
