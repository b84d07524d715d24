"""Bodies about telemetry."""

from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import BeforeValidator, Field, InstanceOf, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from iotflow.api.schemas.common import (
    SCHEMA_REFERENCE,
    Answer,
    Body,
    InputTime,
    Json,
    NextCursor,
    RangeTime,
    Timestamp,
    example,
)
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import (
    INTEGER_MAX,
    INTEGER_MIN,
    MAX_METADATA_BYTES,
    MAX_NAME_LENGTH,
    MAX_NAMES_PER_RECORD,
    MAX_STRING_BYTES,
    Value,
    name_error,
    value_error,
)
from iotflow.services.ingest import Submission

_NAME = r"[^, \x00-\x1f\x7f-\x9f]([^,\x00-\x1f\x7f-\x9f]{0,126}[^, \x00-\x1f\x7f-\x9f])?"
NAME_PATTERN = f"^{_NAME}$"
NAMES_PATTERN = f"^{_NAME}(,{_NAME})*$"
LARGEST_DOUBLE = 1.7976931348623157e308


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise PydanticCustomError("measurement_name", "a measurement's name is a string")
    if error := name_error(name):
        raise PydanticCustomError("measurement_name", "{error}", {"error": error})
    return name


def _few(data: object) -> object:
    """Refuse too many names at once: validated one by one, 100,000 bad ones would be as many errors."""
    if isinstance(data, dict) and len(data) > MAX_NAMES_PER_RECORD:
        size = {"field_type": "Dictionary", "max_length": MAX_NAMES_PER_RECORD, "actual_length": len(data)}
        raise PydanticKnownError("too_long", size)
    return data


def _value(value: object) -> Value:
    if error := value_error(value):
        raise PydanticCustomError("measurement_value", "{error}", {"error": error})
    assert isinstance(value, bool | int | float | str)
    return value


def _small(metadata: object) -> object:
    """Refuse large metadata, before its depth is looked at value by value."""
    try:
        size = len(msgspec.json.encode(metadata))
    except RecursionError:
        return metadata  # too deep as well: that is what the answer tells
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"metadata has at most {MAX_METADATA_BYTES} bytes as JSON, this has {size}")
    return metadata


Name = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string"})]
Measurement = Annotated[
    bool | int | float | str,
    PlainValidator(_value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "boolean"},
                # Limits that a double holds, since that is what most readers of the document make of them.
                {"type": "integer", "minimum": INTEGER_MIN, "exclusiveMaximum": INTEGER_MAX + 1},
                {"type": "number", "minimum": -LARGEST_DOUBLE, "maximum": LARGEST_DOUBLE},
                {"type": "string", "maxLength": MAX_STRING_BYTES},
            ]
        }
    ),
]
Measurements = Annotated[dict[str, Measurement], Field(examples=[{"temperature": 21.5, "door_open": False}])]
Data = Annotated[
    dict[Name, Measurement],
    Field(
        min_length=1,
        max_length=MAX_NAMES_PER_RECORD,
        description="Names and their values.",
        examples=[{"temperature": 21.5, "door_open": False}],
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": MAX_NAME_LENGTH, "pattern": NAME_PATTERN}},
    ),
    BeforeValidator(_few),
]
Metadata = Annotated[
    Json, BeforeValidator(_small), Field(description=f"At most {MAX_METADATA_BYTES} bytes.", examples=[{"unit": "C"}])
]


class RecordBody(Body):
    """One record: what was measured at one time."""

    model_config = example(data={"temperature": 21.5, "door_open": False})

    data: Data
    timestamp: InputTime | None = Field(None, description="The time of receipt, if it is left out.")
    metadata: Metadata | None = None

    def submission(self) -> Submission:
        """The record in the service's words."""
        return Submission(self.data, self.timestamp, self.metadata)


class BatchRecord(Body):
    """One record of a batch; each has its own time."""

    model_config = example(timestamp="2026-01-31T09:30:00Z", data={"temperature": 21.5})

    data: Data
    timestamp: InputTime
    metadata: Metadata | None = None

    def submission(self) -> Submission:
        """The record in the service's words."""
        return Submission(self.data, self.timestamp, self.metadata)


UncheckedRecord = Annotated[
    memoryview, InstanceOf(), WithJsonSchema({"$ref": SCHEMA_REFERENCE.format(model=BatchRecord.__name__)})
]
"""A record of a batch before it is decoded: its JSON, documented as what it should be.

A bad record is told of in the answer and does not make the whole request fail.
"""


class Accepted(Answer):
    """That a record is stored durably."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    timestamp: Timestamp
    accepted: int = Field(description="How many measurements were stored.", examples=[2])


class RejectedRecord(Answer):
    """Why a record was not stored."""

    index: int = Field(
        description="Its place in the batch, from 0; for NDJSON, among the lines that are not blank.", examples=[3]
    )
    detail: str = Field(examples=["timestamp: more than 5 minutes ahead of the service's clock"])


class BatchAnswer(Answer):
    """What became of a batch; what was accepted is stored durably."""

    accepted: int = Field(description="How many records were stored.", examples=[9])
    rejected: int = Field(examples=[1])
    errors: list[RejectedRecord]


class RecordView(Answer):
    """What is stored for one time."""

    timestamp: Timestamp
    measurements: Measurements
    metadata: Json | None = Field(None, examples=[{"unit": "C"}])


class HistoryAnswer(Answer):
    """A page of a device's records."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    device_type: str = Field(examples=["weather_station"])
    start_time: Timestamp
    end_time: Timestamp | None
    data: list[RecordView]
    count: int = Field(examples=[1])
    next_cursor: NextCursor


class LatestValueView(Answer):
    """A name's newest value by event time."""

    value: Measurement = Field(examples=[21.5])
    timestamp: Timestamp


class LatestAnswer(Answer):
    """A device's newest values."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    device_type: str = Field(examples=["weather_station"])
    latest_data: dict[str, LatestValueView] = Field(
        examples=[{"temperature": {"value": 21.5, "timestamp": "2026-01-31T09:30:00.000Z"}}]
    )
    timestamp: Timestamp = Field(description="The newest of their times.")
    cached: bool


class WindowView(Answer):
    """One window's statistic."""

    timestamp: Timestamp = Field(description="The window's start, though it may lie before `start_time`.")
    value: Measurement = Field(examples=[21.5])
    count: int = Field(description="How many values were used.")


class AggregatedAnswer(Answer):
    """A statistic per window; windows without values are left out."""

    device_id: int = Field(examples=[1])
    field: str = Field(examples=["temperature"])
    aggregation: Aggregation
    window: str = Field(examples=["1h"])
    data: list[WindowView]


class DeletionBody(Body):
    """The range to delete, half open."""

    model_config = example(start_time="-7d", stop_time="now")

    start_time: RangeTime
    stop_time: RangeTime


class DeletionAnswer(Answer):
    """The range that was deleted, resolved."""

    device_id: int = Field(examples=[1])
    start_time: Timestamp
    stop_time: Timestamp


class FeedRecordView(Answer):
    """A record of one of a user's devices."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    timestamp: Timestamp
    measurements: Measurements


class FeedAnswer(Answer):
    """A page of the records of all of a user's devices, newest first."""

    user_id: UUID
    telemetry: list[FeedRecordView]
    count: int = Field(examples=[1])
    next_cursor: NextCursor
