from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.event_type import EventType

if TYPE_CHECKING:
    from ..models.event_details import EventDetails


T = TypeVar("T", bound="Event")


@_attrs_define
class Event:
    """An audit event: one change of an account, device, group, key or config.

    Attributes:
        id (UUID):
        event_type (EventType): The kind of a change.
        timestamp (datetime.datetime):
        user_id (UUID): Account that the change concerns.
        device_id (int | None):
        details (EventDetails): Facts of the change; the fields depend on `event_type`.
        request_id (None | str): Id of the request that made the change.
    """

    id: UUID
    event_type: EventType
    timestamp: datetime.datetime
    user_id: UUID
    device_id: int | None
    details: EventDetails
    request_id: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = str(self.id)

        event_type = self.event_type.value

        timestamp = self.timestamp.isoformat()

        user_id = str(self.user_id)

        device_id: int | None
        device_id = self.device_id

        details = self.details.to_dict()

        request_id: None | str
        request_id = self.request_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "event_type": event_type,
                "timestamp": timestamp,
                "user_id": user_id,
                "device_id": device_id,
                "details": details,
                "request_id": request_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.event_details import EventDetails  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        event_type = EventType(d.pop("event_type"))

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        user_id = UUID(d.pop("user_id"))

        def _parse_device_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        device_id = _parse_device_id(d.pop("device_id"))

        details = EventDetails.from_dict(d.pop("details"))

        def _parse_request_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        request_id = _parse_request_id(d.pop("request_id"))

        event = cls(
            id=id,
            event_type=event_type,
            timestamp=timestamp,
            user_id=user_id,
            device_id=device_id,
            details=details,
            request_id=request_id,
        )

        event.additional_properties = d
        return event

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
