from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.device_metadata_attributes import DeviceMetadataAttributes
    from ..models.device_position import DevicePosition


T = TypeVar("T", bound="DeviceMetadata")


@_attrs_define
class DeviceMetadata:
    """The metadata of a device.

    Attributes:
        device_id (int):
        tags (list[str]):
        attributes (DeviceMetadataAttributes):
        position (DevicePosition | None):
        updated_at (datetime.datetime | None): Time of the latest change; null before the first.
    """

    device_id: int
    tags: list[str]
    attributes: DeviceMetadataAttributes
    position: DevicePosition | None
    updated_at: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.device_position import DevicePosition  # noqa: PLC0415

        device_id = self.device_id

        tags = self.tags

        attributes = self.attributes.to_dict()

        position: dict[str, Any] | None
        if isinstance(self.position, DevicePosition):
            position = self.position.to_dict()
        else:
            position = self.position

        updated_at: None | str
        if isinstance(self.updated_at, datetime.datetime):
            updated_at = self.updated_at.isoformat()
        else:
            updated_at = self.updated_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "device_id": device_id,
                "tags": tags,
                "attributes": attributes,
                "position": position,
                "updated_at": updated_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_metadata_attributes import DeviceMetadataAttributes  # noqa: PLC0415
        from ..models.device_position import DevicePosition  # noqa: PLC0415

        d = dict(src_dict)
        device_id = d.pop("device_id")

        tags = cast(list[str], d.pop("tags"))

        attributes = DeviceMetadataAttributes.from_dict(d.pop("attributes"))

        def _parse_position(data: object) -> DevicePosition | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                position_type_0 = DevicePosition.from_dict(data)

                return position_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DevicePosition | None, data)

        position = _parse_position(d.pop("position"))

        def _parse_updated_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                updated_at_type_0 = datetime.datetime.fromisoformat(data)

                return updated_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        updated_at = _parse_updated_at(d.pop("updated_at"))

        device_metadata = cls(
            device_id=device_id,
            tags=tags,
            attributes=attributes,
            position=position,
            updated_at=updated_at,
        )

        device_metadata.additional_properties = d
        return device_metadata

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
