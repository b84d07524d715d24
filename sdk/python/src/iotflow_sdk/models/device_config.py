from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.device_config_settings import DeviceConfigSettings


T = TypeVar("T", bound="DeviceConfig")


@_attrs_define
class DeviceConfig:
    """The settings of a device and their version.

    Attributes:
        device_id (int):
        config_version (int): Rises by one with each change.
        settings (DeviceConfigSettings):
        updated_at (datetime.datetime):
    """

    device_id: int
    config_version: int
    settings: DeviceConfigSettings
    updated_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        config_version = self.config_version

        settings = self.settings.to_dict()

        updated_at = self.updated_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "config_version": config_version,
                "settings": settings,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_config_settings import DeviceConfigSettings  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        config_version = d.pop("config_version")

        settings = DeviceConfigSettings.from_dict(d.pop("settings"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        device_config = cls(
            device_id=device_id,
            config_version=config_version,
            settings=settings,
            updated_at=updated_at,
        )

        device_config.additional_properties = d
        return device_config

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
