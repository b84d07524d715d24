"""Bodies about devices' metadata."""

from typing import Annotated, cast

from pydantic import MISSING, BeforeValidator, Field

from iotflow.api.schemas.base import NextCursor, PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.devices import DeviceList
from iotflow.api.schemas.fields import NORMALIZED, Json, TextRule, Timestamp
from iotflow.domain import geography
from iotflow.domain import metadata as domain
from iotflow.domain.json import JsonValue, size_error
from iotflow.domain.metadata import (
    MAX_ATTRIBUTE_NAME_LENGTH,
    MAX_ATTRIBUTES,
    MAX_ATTRIBUTES_BYTES,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    tag_error,
)
from iotflow.domain.times import format_rfc3339


def _check_attributes_size(attributes: JsonValue) -> JsonValue:
    """Refuse large attributes before the check of their depth visits every value."""
    if error := size_error(attributes, "attributes", MAX_ATTRIBUTES_BYTES):
        raise ValueError(error)
    return attributes


Tag = Annotated[str, TextRule(tag_error, {"minLength": 1, "maxLength": MAX_TAG_LENGTH}), NORMALIZED]
Tags = Annotated[
    list[Tag],
    Field(max_length=MAX_TAGS, description="Tags, compared exactly; each is stored once.", examples=[["outdoor"]]),
]
Attributes = Annotated[
    Json,
    BeforeValidator(_check_attributes_size),
    Field(
        description=f"Any JSON object of at most {MAX_ATTRIBUTES} fields and {MAX_ATTRIBUTES_BYTES} bytes. A search "
        "finds fields whose value is a text, a number, a boolean or null.",
        examples=[{"floor": 2, "room": "kitchen"}],
        json_schema_extra={
            "maxProperties": MAX_ATTRIBUTES,
            "propertyNames": {"minLength": 1, "maxLength": MAX_ATTRIBUTE_NAME_LENGTH},
        },
    ),
]


class DevicePosition(RequestModel):
    """A place on the globe, in degrees of WGS 84."""

    model_config = example(lat=52.52, lon=13.405)

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north.", examples=[52.52])
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east.", examples=[13.405])


class DeviceMetadata(ResponseModel):
    """The metadata of a device."""

    device_id: int = Field(examples=[1])
    tags: list[str] = Field(examples=[["outdoor"]])
    attributes: Json = Field(examples=[{"floor": 2, "room": "kitchen"}])
    position: DevicePosition | None
    updated_at: Timestamp | None = Field(description="Time of the latest change; null before the first.")


class DeviceMetadataUpdate(PartialUpdate):
    """Changes of metadata. Absent fields keep their values, given ones are replaced as a whole; null clears a field."""

    model_config = example(
        tags=["outdoor"], attributes={"floor": 2, "room": "kitchen"}, position={"lat": 52.52, "lon": 13.405}
    )

    tags: Tags | MISSING | None = MISSING
    attributes: Attributes | MISSING | None = MISSING
    position: DevicePosition | MISSING | None = MISSING

    def change(self) -> domain.MetadataChange:
        """Return the fields that the client sent; null is an empty list or object, or no position."""
        given = self.given()
        if "tags" in given:
            given["tags"] = given["tags"] or []
        if "attributes" in given:
            given["attributes"] = given["attributes"] or {}
        if (position := given.get("position")) is not None:
            given["position"] = geography.Position(position.lat, position.lon)
        return cast("domain.MetadataChange", given)


class FoundDeviceList(DeviceList):
    """A page of the devices that a search found, by id."""

    next_cursor: NextCursor


def dump_metadata(metadata: domain.DeviceMetadata) -> dict[str, object]:
    """Return what a `DeviceMetadata` encodes to. The model would validate all attributes once more."""
    position = metadata.position
    return {
        "device_id": metadata.device_id,
        "tags": metadata.tags,
        "attributes": metadata.attributes,
        "position": None if position is None else {"lat": position.lat, "lon": position.lon},
        "updated_at": None if metadata.updated_at is None else format_rfc3339(metadata.updated_at),
    }
