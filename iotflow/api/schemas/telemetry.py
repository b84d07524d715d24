"""Bodies about telemetry."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, PlainValidator, SkipValidation, WithJsonSchema
from pydantic_core import PydanticCustomError, to_json

from iotflow.api.schemas.common import Answer, Body, InputTime, Json, RangeTime, Timestamp
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

NAME_PATTERN = r"^[^, \x00-\x1f\x7f-\x9f]([^,\x00-\x1f\x7f-\x9f]*[^, \x00-\x1f\x7f-\x9f])?$"
LARGEST_DOUBLE = 1.7976931348623157e308


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise PydanticCustomError("measurement_name", "a measurement's name is a string")
    if error := name_error(name):
        raise PydanticCustomError("measurement_name", "{error}", {"error": error})
    return name


def _value(value: object) -> Value:
    if error := value_error(value):
        raise PydanticCustomError("measurement_value", "{error}", {"error": error})
    assert isinstance(value, bool | int | float | str)
    return value


def _small(metadata: dict[str, Any]) -> dict[str, Any]:  # Any: whatever JSON the client likes
    size = len(to_json(metadata))
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
Data = Annotated[
    dict[Name, Measurement],
    Field(
        min_length=1,
        max_length=MAX_NAMES_PER_RECORD,
        description="Names and their values.",
        examples=[{"temperature": 21.5, "door_open": False}],
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": MAX_NAME_LENGTH, "pattern": NAME_PATTERN}},
    ),
]
Metadata = Annotated[
    Json, AfterValidator(_small), Field(description=f"At most {MAX_METADATA_BYTES} bytes.", examples=[{"unit": "C"}])
]


class RecordBody(Body):
    """One record: what was measured at one time."""

    data: Data
    timestamp: InputTime | None = Field(None, description="The time of receipt, if it is left out.")
    metadata: Metadata | None = None

    def submission(self) -> Submission:
        """The record in the service's words."""
        return Submission(self.data, self.timestamp, self.metadata)


class BatchRecord(Body):
    """One record of a batch; each has its own time."""

    data: Data
    timestamp: InputTime
    metadata: Metadata | None = None

    def submission(self) -> Submission:
        """The record in the service's words."""
        return Submission(self.data, self.timestamp, self.metadata)


UncheckedRecord = SkipValidation[BatchRecord]
"""A record of a batch before it is judged: documented as what it should be, taken as anything.

A bad record is told of in the answer and does not make the whole request fail.
"""


class Accepted(Answer):
    """That a record is stored durably."""

    device_id: int
    device_name: str
    timestamp: Timestamp
    accepted: int = Field(description="How many measurements were stored.")


class RejectedRecord(Answer):
    """Why a record was not stored."""

    index: int = Field(description="Its place in the batch, from 0; for NDJSON, among the lines that are not blank.")
    detail: str


class BatchAnswer(Answer):
    """What became of a batch; what was accepted is stored durably."""

    accepted: int = Field(description="How many records were stored.")
    rejected: int
    errors: list[RejectedRecord]


class RecordView(Answer):
    """What is stored for one time."""

    timestamp: Timestamp
    measurements: dict[str, Measurement]
    metadata: Json | None = None


class HistoryAnswer(Answer):
    """A page of a device's records."""

    device_id: int
    device_name: str
    device_type: str
    start_time: Timestamp
    end_time: Timestamp | None
    data: list[RecordView]
    count: int
    next_cursor: str | None


class LatestValueView(Answer):
    """A name's newest value by event time."""

    value: Measurement
    timestamp: Timestamp


class LatestAnswer(Answer):
    """A device's newest values."""

    device_id: int
    device_name: str
    device_type: str
    latest_data: dict[str, LatestValueView]
    timestamp: Timestamp = Field(description="The newest of their times.")
    cached: bool


class WindowView(Answer):
    """One window's statistic."""

    timestamp: Timestamp = Field(description="The window's start, though it may lie before `start_time`.")
    value: Measurement
    count: int = Field(description="How many values were used.")


class AggregatedAnswer(Answer):
    """A statistic per window; windows without values are left out."""

    device_id: int
    field: str
    aggregation: Aggregation
    window: str
    data: list[WindowView]


class DeletionBody(Body):
    """The range to delete, half open."""

    start_time: RangeTime
    stop_time: RangeTime


class DeletionAnswer(Answer):
    """The range that was deleted, resolved."""

    device_id: int
    start_time: Timestamp
    stop_time: Timestamp


class FeedRecordView(Answer):
    """A record of one of a user's devices."""

    device_id: int
    device_name: str
    timestamp: Timestamp
    measurements: dict[str, Measurement]


class FeedAnswer(Answer):
    """A page of the records of all of a user's devices, newest first."""

    user_id: UUID
    telemetry: list[FeedRecordView]
    count: int
    next_cursor: str | None
