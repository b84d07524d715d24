from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.alert_change import AlertChange
from ..models.delivery_status import DeliveryStatus

T = TypeVar("T", bound="Delivery")


@_attrs_define
class Delivery:
    """A change of an alert that is sent to a webhook.

    Attributes:
        id (UUID): The `webhook-id` of all its requests.
        webhook_id (int):
        rule_id (int):
        alert_id (UUID):
        change (AlertChange): The change of an alert that is sent.
        status (DeliveryStatus): The place of a delivery in its life cycle.
        attempts (int):
        created_at (datetime.datetime):
        due_at (datetime.datetime | None): Time of the next attempt; null once it is delivered or dead.
        finished_at (datetime.datetime | None):
        response_status (int | None): HTTP status of the latest answer; null: none.
        error (None | str): Why the latest attempt failed.
    """

    id: UUID
    webhook_id: int
    rule_id: int
    alert_id: UUID
    change: AlertChange
    status: DeliveryStatus
    attempts: int
    created_at: datetime.datetime
    due_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    response_status: int | None
    error: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        webhook_id = self.webhook_id

        rule_id = self.rule_id

        alert_id = str(self.alert_id)

        change = self.change.value

        status = self.status.value

        attempts = self.attempts

        created_at = self.created_at.isoformat()

        due_at: None | str
        if isinstance(self.due_at, datetime.datetime):
            due_at = self.due_at.isoformat()
        else:
            due_at = self.due_at

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        response_status: int | None
        response_status = self.response_status

        error: None | str
        error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "webhook_id": webhook_id,
                "rule_id": rule_id,
                "alert_id": alert_id,
                "change": change,
                "status": status,
                "attempts": attempts,
                "created_at": created_at,
                "due_at": due_at,
                "finished_at": finished_at,
                "response_status": response_status,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = UUID(d.pop("id"))

        webhook_id = d.pop("webhook_id")

        rule_id = d.pop("rule_id")

        alert_id = UUID(d.pop("alert_id"))

        change = AlertChange(d.pop("change"))

        status = DeliveryStatus(d.pop("status"))

        attempts = d.pop("attempts")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_due_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                due_at_type_0 = datetime.datetime.fromisoformat(data)

                return due_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        due_at = _parse_due_at(d.pop("due_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        def _parse_response_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        response_status = _parse_response_status(d.pop("response_status"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        delivery = cls(
            id=id,
            webhook_id=webhook_id,
            rule_id=rule_id,
            alert_id=alert_id,
            change=change,
            status=status,
            attempts=attempts,
            created_at=created_at,
            due_at=due_at,
            finished_at=finished_at,
            response_status=response_status,
            error=error,
        )

        delivery.additional_properties = d
        return delivery

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
