from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.health_status import HealthStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.health_stores_type_0 import HealthStoresType0


T = TypeVar("T", bound="Health")


@_attrs_define
class Health:
    """Whether the service is healthy.

    Attributes:
        status (HealthStatus):
        version (str):
        stores (HealthStoresType0 | None | Unset): Health of each store, by its name; null without `detailed=true`.
    """

    status: HealthStatus
    version: str
    stores: HealthStoresType0 | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.health_stores_type_0 import HealthStoresType0  # noqa: PLC0415

        status = self.status.value

        version = self.version

        stores: dict[str, Any] | None | Unset
        if isinstance(self.stores, Unset):
            stores = UNSET
        elif isinstance(self.stores, HealthStoresType0):
            stores = self.stores.to_dict()
        else:
            stores = self.stores

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "version": version,
            }
        )
        if stores is not UNSET:
            field_dict["stores"] = stores

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.health_stores_type_0 import HealthStoresType0  # noqa: PLC0415

        d = dict(src_dict)
        status = HealthStatus(d.pop("status"))

        version = d.pop("version")

        def _parse_stores(data: object) -> HealthStoresType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                stores_type_0 = HealthStoresType0.from_dict(data)

                return stores_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(HealthStoresType0 | None | Unset, data)

        stores = _parse_stores(d.pop("stores", UNSET))

        health = cls(
            status=status,
            version=version,
            stores=stores,
        )

        health.additional_properties = d
        return health

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
