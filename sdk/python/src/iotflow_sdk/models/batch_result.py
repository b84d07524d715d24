from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.rejected_record import RejectedRecord


T = TypeVar("T", bound="BatchResult")


@_attrs_define
class BatchResult:
    """The outcome of a batch. Accepted records are stored durably.

    Attributes:
        accepted (int): Number of records stored.
        rejected (int): Number of records not stored.
        merged (int): Number of accepted records with the time of another one in the batch. Records of one time are
            stored as one, with the values of all.
        errors (list[RejectedRecord]): One entry per record that was not stored.
    """

    accepted: int
    rejected: int
    merged: int
    errors: list[RejectedRecord]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        accepted = self.accepted

        rejected = self.rejected

        merged = self.merged

        errors = []
        for errors_item_data in self.errors:
            errors_item = errors_item_data.to_dict()
            errors.append(errors_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "accepted": accepted,
                "rejected": rejected,
                "merged": merged,
                "errors": errors,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rejected_record import RejectedRecord  # noqa: PLC0415

        d = dict(src_dict)
        accepted = d.pop("accepted")

        rejected = d.pop("rejected")

        merged = d.pop("merged")

        errors = []
        _errors = d.pop("errors")
        for errors_item_data in _errors:
            errors_item = RejectedRecord.from_dict(errors_item_data)

            errors.append(errors_item)

        batch_result = cls(
            accepted=accepted,
            rejected=rejected,
            merged=merged,
            errors=errors,
        )

        batch_result.additional_properties = d
        return batch_result

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
