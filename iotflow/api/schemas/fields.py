"""Field types that several schemas share: times, whole numbers, names, free text and JSON objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from iotflow.domain.json import JsonObject, JsonValue, nesting_error
from iotflow.domain.names import MAX_NAME_LENGTH, name_error, normalize
from iotflow.domain.times import LATEST_MS, Millis, format_rfc3339, parse_epoch, parse_query_time, parse_rfc3339

# Validation checks the ranges of days and hours: a pattern that did would be unreadable in the document.
RFC3339_PATTERN = (
    r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9](:[0-5][0-9]){2}(\.[0-9]{1,30})?"
    r"([Zz]|[+-][0-2][0-9](:?[0-5][0-9])?)"
)
RELATIVE_PATTERN = r"now|-[0-9]{1,9}[smhdw]"
_ANY_TIME = "RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number."


def _to_integer(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_to_integer)
"""Accept 3.0 as an integer: JSON has one number type, and JSON Schema counts 3.0 as an integer."""


Timestamp = Annotated[
    Millis,
    PlainSerializer(format_rfc3339, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-01-31T09:30:00.000Z"]}, mode="serialization"
    ),
]
"""A time in a response: RFC 3339 in UTC, with milliseconds and `Z`."""


def parse_input_time(value: object) -> Millis:
    """Return the absolute time of a body: an RFC 3339 text or an epoch number. Raises ValueError."""
    if isinstance(value, str):
        if value.isdecimal():
            raise ValueError("digits in a string are no number; send an epoch number without quotes")
        return parse_rfc3339(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_epoch(value)
    raise ValueError("expected an RFC 3339 time with an offset, or an epoch number")


InputTime = Annotated[
    Millis,
    PlainValidator(parse_input_time),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            # Without this layout, ogen's clients in Go send whole seconds.
            "x-ogen-time-format": "2006-01-02T15:04:05.999999999Z07:00",
            "description": "RFC 3339 time with an offset. An epoch number is also accepted: seconds if below 1e11, "
            "milliseconds if below 1e14, microseconds if below 1e17, else nanoseconds.",
            "examples": ["2026-01-31T09:30:00Z"],
        }
    ),
]
"""An absolute time in a body, truncated to the millisecond.

Documented as text alone: with a union of text and number, oapi-codegen's clients cannot set the time of a record.
"""


def _check_query_time(text: str) -> str:
    parse_query_time(text, LATEST_MS)
    return text


def _query_time_schema(description: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^({RELATIVE_PATTERN}|[0-9]{{1,21}}(\.[0-9]{{1,30}})?|{RFC3339_PATTERN})$",
            "description": f"{description} {_ANY_TIME}",
            "examples": ["-1h", "now", "2026-01-31T09:30:00Z"],
        }
    )


# An absolute or relative time in a query, kept as text: the service resolves relative times by its clock.
StartTime = Annotated[str, AfterValidator(_check_query_time), _query_time_schema("Start of the time range, included.")]
EndTime = Annotated[
    str,
    AfterValidator(_check_query_time),
    _query_time_schema("End of the time range, excluded; the range is open if omitted."),
]
HistoryStart = Annotated[
    str, AfterValidator(_check_query_time), _query_time_schema("Start of the history that is used, included.")
]
StopTime = Annotated[str, AfterValidator(_check_query_time), _query_time_schema("End of the time range, excluded.")]


def _normalize_range_time(value: object) -> str:
    if isinstance(value, str) and (value == "now" or value.startswith("-")):
        return _check_query_time(value)
    return format_rfc3339(parse_input_time(value))


RangeTime = Annotated[
    str,
    PlainValidator(_normalize_range_time),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^({RELATIVE_PATTERN}|{RFC3339_PATTERN})$",
            "description": _ANY_TIME,
            "examples": ["-1h", "now", "2026-01-31T09:30:00Z"],
        }
    ),
]
"""An absolute or relative time in a body, as the text that a query would hold."""


def _check_depth(value: JsonObject) -> JsonObject:
    if error := nesting_error(value):
        raise ValueError(error)
    return value


Json = Annotated[dict[str, Any], AfterValidator(_check_depth)]  # Any: the values are the client's JSON
"""A JSON object nested at most `MAX_JSON_DEPTH` deep, which every store and client can read."""


def _normalize_text(value: object) -> object:
    return normalize(value) if isinstance(value, str) else value


NORMALIZED = BeforeValidator(_normalize_text)
"""Bring a text to Unicode normal form C before its other checks."""


@dataclass(frozen=True, slots=True, eq=False)
class TextRule:
    """A rule of a text: `error_of` returns in words why a text breaks it, or None; `keywords` document it.

    Pydantic's own constraints would answer with the regular expression.
    """

    error_of: Callable[[str], str | None]
    keywords: Mapping[str, JsonValue]

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check a text after its type."""
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Document the keywords."""
        return {**handler(schema), **self.keywords}

    def _check(self, text: str) -> str:
        if error := self.error_of(text):
            raise ValueError(error)
        return text


VisibleName = Annotated[
    str,
    TextRule(name_error, {"minLength": 1, "maxLength": MAX_NAME_LENGTH}),
    NORMALIZED,
    Field(description="Without control characters and spaces at either end, with at least one visible character."),
]
"""The name of a device, group or token, in normal form C."""


def text(max_length: int) -> Any:  # Any: pydantic's own type for field constraints
    """Return the constraints of free text: 1 to `max_length` characters."""
    return Field(min_length=1, max_length=max_length)
