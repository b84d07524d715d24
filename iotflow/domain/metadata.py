"""Metadata of devices: tags, attributes and a position, which their owner sets and searches by."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

import msgspec

from iotflow.domain.errors import FieldError
from iotflow.domain.geography import Box, Circle, Position, lat_error, lon_error
from iotflow.domain.json import JsonObject, holds_null_character, nesting_error, size_error
from iotflow.domain.names import name_error, normalize
from iotflow.domain.telemetry import NULL_CHARACTER_ERROR
from iotflow.domain.times import Millis

MAX_TAGS = 64
MAX_TAG_LENGTH = 64
MAX_ATTRIBUTES = 256
MAX_ATTRIBUTE_NAME_LENGTH = 128
MAX_ATTRIBUTES_BYTES = 16 * 1024

Scalar = str | int | float | bool | None
"""The value of an attribute that a search can find. Objects and arrays are stored, not searched."""

_decode_scalar = msgspec.json.Decoder(Scalar).decode


@dataclass(frozen=True, slots=True)
class DeviceMetadata:
    """The metadata of a device. `updated_at` is None before the first change."""

    device_id: int
    tags: Sequence[str] = ()
    attributes: JsonObject = field(default_factory=dict)
    position: Position | None = None
    updated_at: Millis | None = None


class MetadataChange(TypedDict, total=False):
    """New values of metadata. An absent field keeps its value; a position of None is removed."""

    tags: Sequence[str]
    attributes: JsonObject
    position: Position | None


@dataclass(frozen=True, slots=True)
class AttributeCondition:
    """A condition on an attribute: it has one of these values."""

    name: str
    values: Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class MetadataFilter:
    """A filter of one account's devices by their metadata: all conditions hold; one of None does not restrict."""

    user_id: UUID
    tag: str | None = None
    attribute: AttributeCondition | None = None
    circle: Circle | None = None
    box: Box | None = None


def normalize_change(change: MetadataChange) -> MetadataChange:
    """Return a change with its tags in normal form C, each once."""
    if "tags" not in change:
        return change
    return {**change, "tags": list(dict.fromkeys(map(normalize, change["tags"])))}


def metadata_errors(change: MetadataChange) -> list[FieldError]:
    """Return the errors of a change, whose tags are in normal form C."""
    errors = [*_tag_errors(change.get("tags", ()))]
    if error := attributes_error(change.get("attributes", {})):
        errors.append(FieldError(("body", "attributes"), error))
    position = change.get("position")
    if position is not None:
        named = {"lat": lat_error(position.lat), "lon": lon_error(position.lon)}
        errors += [FieldError(("body", "position", name), error) for name, error in named.items() if error]
    return errors


def tag_error(tag: str) -> str | None:
    """Return why a tag is invalid, or None. The tag is in normal form C."""
    if not 1 <= len(tag) <= MAX_TAG_LENGTH:
        return f"a tag has 1 to {MAX_TAG_LENGTH} characters, this one has {len(tag)}"
    error = name_error(tag)
    return None if error is None else error.replace("a name", "a tag", 1)


def attributes_error(attributes: JsonObject) -> str | None:
    """Return why attributes are invalid, or None."""
    if error := size_error(attributes, "attributes", MAX_ATTRIBUTES_BYTES) or nesting_error(attributes):
        return error
    if len(attributes) > MAX_ATTRIBUTES:
        return f"a device has at most {MAX_ATTRIBUTES} attributes, these are {len(attributes)}"
    if not all(1 <= len(name) <= MAX_ATTRIBUTE_NAME_LENGTH for name in attributes):
        return f"the name of an attribute has 1 to {MAX_ATTRIBUTE_NAME_LENGTH} characters"
    return NULL_CHARACTER_ERROR if holds_null_character(attributes) else None


def parse_attribute(text: str) -> AttributeCondition | None:
    """Return the condition of `name=value`, or None for a text without `=` or without a name.

    A value in JSON's quotes is a text. Another value is a text too, or the number, boolean or null that it spells.
    """
    name, separator, value = text.partition("=")
    if not (name and separator):
        return None
    try:
        spelled = _decode_scalar(value)
    except msgspec.MsgspecError:
        return AttributeCondition(name, [value])
    return AttributeCondition(name, [spelled] if isinstance(spelled, str) else [value, spelled])


def scalars(attributes: JsonObject) -> Iterator[tuple[str, Scalar]]:
    """Yield the attributes that a search can find, with their values."""
    for name, value in attributes.items():
        if isinstance(value, Scalar):
            yield name, value


def canonical_pair(name: str, value: Scalar) -> str:
    """Return a text that is the same for equal attributes: in normal form C, and 3.0 equals 3, as JSON counts them."""
    if isinstance(value, str):
        value = normalize(value)
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps([normalize(name), value])


def _tag_errors(tags: Sequence[str]) -> Iterator[FieldError]:
    if len(tags) > MAX_TAGS:
        yield FieldError(("body", "tags"), f"a device has at most {MAX_TAGS} tags, these are {len(tags)}")
        return
    for index, tag in enumerate(tags):
        if error := tag_error(tag):
            yield FieldError(("body", "tags", index), error)
