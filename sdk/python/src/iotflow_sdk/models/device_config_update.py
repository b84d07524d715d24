from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_config_update_settings import DeviceConfigUpdateSettings


T = TypeVar("T", bound="DeviceConfigUpdate")


@_attrs_define
class DeviceConfigUpdate:
    """New settings of a device, which replace all previous ones.

    Attributes:
        settings (DeviceConfigUpdateSettings):
        config_version (int | None | Unset): Version that the change is based on; 409 if the stored version differs.
    """

    settings: DeviceConfigUpdateSettings
    config_version: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        settings = self.settings.to_dict()

        config_version: int | None | Unset
        if isinstance(self.config_version, Unset):
            config_version = UNSET
        else:
            config_version = self.config_version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "settings": settings,
            }
        )
        if config_version is not UNSET:
            field_dict["config_version"] = config_version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_config_update_settings import DeviceConfigUpdateSettings  # noqa: PLC0415

        d = dict(src_dict)
        settings = DeviceConfigUpdateSettings.from_dict(d.pop("settings"))

        def _parse_config_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        config_version = _parse_config_version(d.pop("config_version", UNSET))

        device_config_update = cls(
            settings=settings,
            config_version=config_version,
        )

        return device_config_update
