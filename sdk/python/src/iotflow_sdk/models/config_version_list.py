from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.config_version import ConfigVersion


T = TypeVar("T", bound="ConfigVersionList")


@_attrs_define
class ConfigVersionList:
    """The versions of a device's settings that are kept.

    Attributes:
        device_id (int):
        versions (list[ConfigVersion]): Newest first; the first one applies.
    """

    device_id: int
    versions: list[ConfigVersion]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "versions": versions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.config_version import ConfigVersion  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = ConfigVersion.from_dict(versions_item_data)

            versions.append(versions_item)

        config_version_list = cls(
            device_id=device_id,
            versions=versions,
        )

        config_version_list.additional_properties = d
        return config_version_list

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
