from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.telemetry_status_status import TelemetryStatusStatus

if TYPE_CHECKING:
    from ..models.telemetry_status_stores import TelemetryStatusStores


T = TypeVar("T", bound="TelemetryStatus")


@_attrs_define
class TelemetryStatus:
    """Whether the service accepts telemetry.

    Attributes:
        status (TelemetryStatusStatus):
        stores (TelemetryStatusStores): Availability of each store, by its name.
    """

    status: TelemetryStatusStatus
    stores: TelemetryStatusStores
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status = self.status.value

        stores = self.stores.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "stores": stores,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.telemetry_status_stores import TelemetryStatusStores  # noqa: PLC0415

        d = dict(src_dict)
        status = TelemetryStatusStatus(d.pop("status"))

        stores = TelemetryStatusStores.from_dict(d.pop("stores"))

        telemetry_status = cls(
            status=status,
            stores=stores,
        )

        telemetry_status.additional_properties = d
        return telemetry_status

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
