"""What bodies of all sections share."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from iotflow.domain.json import JsonObject
from iotflow.domain.times import LATEST_MS, Millis, format_rfc3339, parse_epoch, parse_query_time, parse_rfc3339

MAX_JSON_DEPTH = 32
SCHEMA_REFERENCE = "#/components/schemas/{model}"

# Which days and hours there are is left to validation: whoever reads the document reads this too.
RFC3339_PATTERN = (
    r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9](:[0-5][0-9]){2}(\.[0-9]{1,30})?([Zz]|[+-][0-2][0-9]:[0-5][0-9])"
)
RELATIVE_PATTERN = r"now|-[0-9]{1,9}[smhdw]"


class Body(BaseModel):
    """A request's body: no unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PartialBody(Body):
    """A change: what is absent stays. A field's `default_factory` marks that; it is no value of the field's."""

    def given(self) -> dict[str, Any]:  # Any: each field's own type
        """The fields that the client sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def example(**fields: Any) -> ConfigDict:  # Any: each field's own type
    """A body's example, as the document shows it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Answer(BaseModel):
    """A response's body."""

    model_config = ConfigDict(from_attributes=True)


class Meta(Answer):
    """Where a list's page lies in the whole."""

    total: int = Field(examples=[1])
    limit: int = Field(examples=[100])
    offset: int = Field(examples=[0])


NextCursor = Annotated[str | None, Field(description="Where the next page begins; null at the end.", examples=[None])]


class ProblemError(BaseModel):
    """One field that is wrong."""

    loc: list[str | int] = Field(description="The way to the field, outermost first.")
    msg: str
    type: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:iotflow:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no device 7 among those that you may see"])
    instance: str = Field(description="The path of the request.", examples=["/api/v1/devices/7"])
    request_id: str
    errors: list[ProblemError] = Field([], description="On 422: each field that is wrong. Never the value sent.")


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_whole)
"""Takes 3.0 where an integer is expected: JSON has one kind of number, and JSON Schema calls both an integer."""


Timestamp = Annotated[
    Millis,
    PlainSerializer(format_rfc3339, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-01-31T09:30:00.000Z"]}, mode="serialization"
    ),
]
"""UTC, RFC 3339 with milliseconds and `Z`."""


def _input_time(value: object) -> Millis:
    if isinstance(value, str):
        return parse_rfc3339(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_epoch(value)
    raise ValueError("expected an RFC 3339 time with an offset, or an epoch number")


InputTime = Annotated[
    Millis,
    PlainValidator(_input_time),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "number", "minimum": 0, "maximum": LATEST_MS},
            ],
            "description": "RFC 3339 with an offset, or an epoch number: seconds below 1e11, else milliseconds.",
            "examples": ["2026-01-31T09:30:00Z", 1769851800],
        }
    ),
]
"""A time as a body gives it, truncated to the millisecond."""


def _query_time(text: str) -> str:
    parse_query_time(text, LATEST_MS)
    return text


QueryTime = Annotated[
    str,
    AfterValidator(_query_time),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^({RELATIVE_PATTERN}|[0-9]{{1,15}}(\.[0-9]{{1,30}})?|{RFC3339_PATTERN})$",
            "description": "RFC 3339 with an offset, relative like -90s, -15m, -1h, -7d, -4w, now, or an epoch number.",
            "examples": ["-1h", "now", "2026-01-31T09:30:00Z"],
        }
    ),
]
"""A time as a query gives it: kept as text until the clock is asked."""


def _range_time(value: object) -> str:
    if isinstance(value, str) and (value == "now" or value.startswith("-")):
        return _query_time(value)
    return format_rfc3339(_input_time(value))


RangeTime = Annotated[
    str,
    PlainValidator(_range_time),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^({RELATIVE_PATTERN}|{RFC3339_PATTERN})$"},
                {"type": "number", "minimum": 0, "maximum": LATEST_MS},
            ],
            "description": "RFC 3339 with an offset, relative like -90s, -15m, -1h, -7d, -4w, now, or an epoch number.",
            "examples": ["-1h", "now", "2026-01-31T09:30:00Z"],
        }
    ),
]
"""A time as a body gives it that takes relative ones too: as a query would give it."""


def _shallow(value: JsonObject) -> JsonObject:
    level: list[object] = [value]
    for _ in range(MAX_JSON_DEPTH):
        level = [inner for item in level for inner in _within(item) if isinstance(inner, dict | list)]
        if not level:
            return value
    raise ValueError(f"objects and arrays are nested at most {MAX_JSON_DEPTH} deep")


def _within(item: object) -> Iterable[object]:
    return item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()


Json = Annotated[dict[str, Any], AfterValidator(_shallow)]  # Any: whatever JSON the client likes
"""A JSON object, nested no deeper than what every store and client can read."""


def text(longest: int) -> Any:  # Any: pydantic's own type for field constraints
    """Constraints of free text of at least one character."""
    return Field(min_length=1, max_length=longest)
