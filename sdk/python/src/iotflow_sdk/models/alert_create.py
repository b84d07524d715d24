from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.manual_alert_type import ManualAlertType
from ..models.severity import Severity
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.alert_create_details import AlertCreateDetails


T = TypeVar("T", bound="AlertCreate")


@_attrs_define
class AlertCreate:
    """An alert to raise by hand.

    Attributes:
        device_id (int):
        severity (Severity): How much an alert matters.
        message (str):
        alert_type (ManualAlertType | Unset): What an alert that a person raises is about.
        details (AlertCreateDetails | Unset): Any facts, at most 16,384 bytes as JSON. Default: `{}`.
    """

    device_id: int
    severity: Severity
    message: str
    alert_type: ManualAlertType | Unset = UNSET
    details: AlertCreateDetails | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        severity = self.severity.value

        message = self.message

        alert_type: str | Unset = UNSET
        if not isinstance(self.alert_type, Unset):
            alert_type = self.alert_type.value

        details: dict[str, Any] | Unset = UNSET
        if not isinstance(self.details, Unset):
            details = self.details.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "device_id": device_id,
                "severity": severity,
                "message": message,
            }
        )
        if alert_type is not UNSET:
            field_dict["alert_type"] = alert_type
        if details is not UNSET:
            field_dict["details"] = details

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.alert_create_details import AlertCreateDetails  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        severity = Severity(d.pop("severity"))

        message = d.pop("message")

        _alert_type = d.pop("alert_type", UNSET)
        alert_type: ManualAlertType | Unset
        if isinstance(_alert_type, Unset):
            alert_type = UNSET
        else:
            alert_type = ManualAlertType(_alert_type)

        _details = d.pop("details", UNSET)
        details: AlertCreateDetails | Unset
        if isinstance(_details, Unset):
            details = UNSET
        else:
            details = AlertCreateDetails.from_dict(_details)

        alert_create = cls(
            device_id=device_id,
            severity=severity,
            message=message,
            alert_type=alert_type,
            details=details,
        )

        return alert_create
