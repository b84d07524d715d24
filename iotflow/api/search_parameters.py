"""The parameters of a search of devices, as text of a query or a cursor, and their parsing."""

import math
import re
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Query

from iotflow.domain.errors import InvalidInput
from iotflow.domain.geography import MAX_RADIUS_M, Box, Circle, Position, lat_error, lon_error, radius_error
from iotflow.domain.metadata import MAX_TAG_LENGTH, AttributeCondition, MetadataFilter, parse_attribute

NAMES = ("tag", "attribute", "near", "radius_m", "bbox")
_NUMBER = r"-?[0-9]{1,17}(\.[0-9]{1,17})?"

Tag = Annotated[str, Query(max_length=MAX_TAG_LENGTH, description="Only devices with this tag.", examples=["outdoor"])]
Attribute = Annotated[
    str,
    Query(
        description="Only devices with this attribute, as `name=value`. A value in double quotes is a text; another "
        "value is a text too, or the number, boolean or null that it spells.",
        examples=["room=kitchen"],
        json_schema_extra={"pattern": "^[^=]+="},
    ),
]
Near = Annotated[
    str,
    Query(
        description="Only devices within `radius_m` of this place: `lat,lon` in degrees.",
        examples=["52.52,13.405"],
        json_schema_extra={"pattern": f"^{_NUMBER},{_NUMBER}$"},
    ),
]
Radius = Annotated[
    float,
    Query(ge=1, le=MAX_RADIUS_M, allow_inf_nan=False, description="Radius around `near` in metres, required with it."),
]
Bbox = Annotated[
    str,
    Query(
        description="Only devices in this box: `west,south,east,north` in degrees, as in GeoJSON (RFC 7946). A west "
        "greater than east crosses the antimeridian.",
        examples=["13.0,52.3,13.8,52.7"],
        json_schema_extra={"pattern": f"^{_NUMBER}(,{_NUMBER}){{3}}$"},
    ),
]


def parse_search(user_id: UUID, query: Mapping[str, str | None]) -> MetadataFilter:
    """Return the filter of a query with the parameters of `NAMES`. Raises InvalidInput."""
    attribute, bbox = query["attribute"], query["bbox"]
    return MetadataFilter(
        user_id,
        tag=query["tag"],
        attribute=None if attribute is None else _parse_attribute(attribute),
        circle=_parse_circle(query["near"], query["radius_m"]),
        box=None if bbox is None else _parse_box(bbox),
    )


def _parse_attribute(text: str) -> AttributeCondition:
    condition = parse_attribute(text)
    if condition is None:
        raise InvalidInput.at("query", "attribute", message="expected name=value, such as room=kitchen")
    return condition


def _parse_circle(near: str | None, radius: str | None) -> Circle | None:
    if near is None and radius is None:
        return None
    if near is None:
        raise InvalidInput.at("query", "near", message="radius_m needs near=lat,lon", kind="missing")
    if radius is None:
        raise InvalidInput.at("query", "radius_m", message="near needs radius_m, in metres", kind="missing")
    radius_m = _radius(radius)
    lat, lon = _numbers("near", near, 2, "expected lat,lon in degrees, such as 52.52,13.405")
    _require_valid("near", lat_error(lat), lon_error(lon))
    return Circle(Position(lat, lon), radius_m)


def _radius(text: str) -> float:
    """Return a radius. The query's parameter is valid already, a cursor's may be any text."""
    try:
        radius_m = float(text)
    except ValueError:
        radius_m = math.nan
    _require_valid("radius_m", radius_error(radius_m))
    return radius_m


def _parse_box(text: str) -> Box:
    west, south, east, north = _numbers("bbox", text, 4, "expected west,south,east,north in degrees")
    _require_valid("bbox", lon_error(west), lat_error(south), lon_error(east), lat_error(north))
    if south > north:
        raise InvalidInput.at("query", "bbox", message="south is greater than north; expected west,south,east,north")
    return Box(west, south, east, north)


def _numbers(name: str, text: str, count: int, expected: str) -> list[float]:
    parts = text.split(",", count)
    if len(parts) != count or not all(re.fullmatch(_NUMBER, part) for part in parts):
        raise InvalidInput.at("query", name, message=expected)
    return [float(part) for part in parts]


def _require_valid(name: str, *errors: str | None) -> None:
    for error in filter(None, errors):
        raise InvalidInput.at("query", name, message=error)
