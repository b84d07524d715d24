from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.service_status_stores import ServiceStatusStores


T = TypeVar("T", bound="ServiceStatus")


@_attrs_define
class ServiceStatus:
    """Version, uptime and databases of the service.

    Attributes:
        version (str):
        uptime_seconds (float): Time since this process started.
        stores (ServiceStatusStores): Database behind each store, by the store's name.
    """

    version: str
    uptime_seconds: float
    stores: ServiceStatusStores
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        version = self.version

        uptime_seconds = self.uptime_seconds

        stores = self.stores.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "version": version,
                "uptime_seconds": uptime_seconds,
                "stores": stores,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.service_status_stores import ServiceStatusStores  # noqa: PLC0415

        d = dict(src_dict)
        version = d.pop("version")

        uptime_seconds = d.pop("uptime_seconds")

        stores = ServiceStatusStores.from_dict(d.pop("stores"))

        service_status = cls(
            version=version,
            uptime_seconds=uptime_seconds,
            stores=stores,
        )

        service_status.additional_properties = d
        return service_status

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
