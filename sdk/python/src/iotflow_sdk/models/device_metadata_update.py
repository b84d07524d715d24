from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_metadata_update_attributes_type_0 import (
        DeviceMetadataUpdateAttributesType0,
    )
    from ..models.device_position import DevicePosition


T = TypeVar("T", bound="DeviceMetadataUpdate")


@_attrs_define
class DeviceMetadataUpdate:
    """Changes of metadata. Absent fields keep their values, given ones are replaced as a whole; null clears a field.

    Attributes:
        tags (list[str] | None | Unset):
        attributes (DeviceMetadataUpdateAttributesType0 | None | Unset):
        position (DevicePosition | None | Unset):
    """

    tags: list[str] | None | Unset = UNSET
    attributes: DeviceMetadataUpdateAttributesType0 | None | Unset = UNSET
    position: DevicePosition | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.device_metadata_update_attributes_type_0 import (
            DeviceMetadataUpdateAttributesType0,  # noqa: PLC0415
        )
        from ..models.device_position import DevicePosition  # noqa: PLC0415

        tags: list[str] | None | Unset
        if isinstance(self.tags, Unset):
            tags = UNSET
        elif isinstance(self.tags, list):
            tags = self.tags

        else:
            tags = self.tags

        attributes: dict[str, Any] | None | Unset
        if isinstance(self.attributes, Unset):
            attributes = UNSET
        elif isinstance(self.attributes, DeviceMetadataUpdateAttributesType0):
            attributes = self.attributes.to_dict()
        else:
            attributes = self.attributes

        position: dict[str, Any] | None | Unset
        if isinstance(self.position, Unset):
            position = UNSET
        elif isinstance(self.position, DevicePosition):
            position = self.position.to_dict()
        else:
            position = self.position

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if tags is not UNSET:
            field_dict["tags"] = tags
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if position is not UNSET:
            field_dict["position"] = position

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_metadata_update_attributes_type_0 import (
            DeviceMetadataUpdateAttributesType0,  # noqa: PLC0415
        )
        from ..models.device_position import DevicePosition  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_tags(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                tags_type_0 = cast(list[str], data)

                return tags_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        tags = _parse_tags(d.pop("tags", UNSET))

        def _parse_attributes(data: object) -> DeviceMetadataUpdateAttributesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                attributes_type_0 = DeviceMetadataUpdateAttributesType0.from_dict(data)

                return attributes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DeviceMetadataUpdateAttributesType0 | None | Unset, data)

        attributes = _parse_attributes(d.pop("attributes", UNSET))

        def _parse_position(data: object) -> DevicePosition | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                position_type_0 = DevicePosition.from_dict(data)

                return position_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(DevicePosition | None | Unset, data)

        position = _parse_position(d.pop("position", UNSET))

        device_metadata_update = cls(
            tags=tags,
            attributes=attributes,
            position=position,
        )

        return device_metadata_update
