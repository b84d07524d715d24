from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.user_record import UserRecord


T = TypeVar("T", bound="UserRecordPage")


@_attrs_define
class UserRecordPage:
    """A page of the records of all of a user's devices, newest first.

    Attributes:
        user_id (UUID):
        telemetry (list[UserRecord]):
        count (int):
        next_cursor (None | str): Cursor of the next page; null on the last page.
    """

    user_id: UUID
    telemetry: list[UserRecord]
    count: int
    next_cursor: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        user_id = str(self.user_id)

        telemetry = []
        for telemetry_item_data in self.telemetry:
            telemetry_item = telemetry_item_data.to_dict()
            telemetry.append(telemetry_item)

        count = self.count

        next_cursor: None | str
        next_cursor = self.next_cursor

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "user_id": user_id,
                "telemetry": telemetry,
                "count": count,
                "next_cursor": next_cursor,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.user_record import UserRecord  # noqa: PLC0415

        d = dict(src_dict)
        user_id = UUID(d.pop("user_id"))

        telemetry = []
        _telemetry = d.pop("telemetry")
        for telemetry_item_data in _telemetry:
            telemetry_item = UserRecord.from_dict(telemetry_item_data)

            telemetry.append(telemetry_item)

        count = d.pop("count")

        def _parse_next_cursor(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_cursor = _parse_next_cursor(d.pop("next_cursor"))

        user_record_page = cls(
            user_id=user_id,
            telemetry=telemetry,
            count=count,
            next_cursor=next_cursor,
        )

        user_record_page.additional_properties = d
        return user_record_page

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
