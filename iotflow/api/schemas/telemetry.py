"""Bodies about telemetry: submitted records, pages of records, latest values and aggregates."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from iotflow.api.schemas.base import NextCursor, RequestModel, ResponseModel, example
from iotflow.api.schemas.fields import InputTime, Json, RangeTime, Timestamp
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.json import JsonValue, size_error
from iotflow.domain.names import normalize
from iotflow.domain.telemetry import (
    MAX_METADATA_BYTES,
    MAX_NAME_LENGTH,
    MAX_NAMES_PER_RECORD,
    MAX_STRING_BYTES,
    Reading,
    name_error,
    names_error,
    value_error,
)
from iotflow.services.ingest import Submission

_NAME = r"[^, \x00-\x1f\x7f-\x9f]([^,\x00-\x1f\x7f-\x9f]{0,126}[^, \x00-\x1f\x7f-\x9f])?"
NAME_PATTERN = f"^{_NAME}$"
NAMES_PATTERN = f"^{_NAME}(,{_NAME})*$"


def _check_name(name: object) -> str:
    if not isinstance(name, str):
        raise PydanticCustomError("measurement_name", "a measurement's name is a string")
    name = normalize(name)
    if error := name_error(name):
        raise PydanticCustomError("measurement_name", "{error}", {"error": error})
    return name


def _check_names(data: object) -> object:
    """Refuse too many names with one error: 100,000 bad names would be as many errors."""
    if isinstance(data, dict) and (error := names_error(len(data))):
        raise PydanticCustomError("data_length", "{error}", {"error": error})
    return data


def _check_reading(reading: object) -> Reading:
    if reading is None:
        return None
    if error := value_error(reading):
        raise PydanticCustomError("measurement_value", "{error}", {"error": error})
    assert isinstance(reading, bool | int | float | str)
    return reading


def _check_metadata_size(metadata: JsonValue) -> JsonValue:
    """Refuse large metadata before the check of its depth visits every value."""
    if error := size_error(metadata, "metadata", MAX_METADATA_BYTES):
        raise ValueError(error)
    return metadata


Name = Annotated[str, PlainValidator(_check_name), WithJsonSchema({"type": "string"})]
MeasuredValue = TypeAliasType(
    "MeasuredValue",
    Annotated[
        Reading,
        PlainValidator(_check_reading),
        WithJsonSchema(
            {
                "description": "A finite number (an integer has at most 64 bits), a boolean, or a string of at most "
                f"{MAX_STRING_BYTES:,} bytes. The service keeps the type.",
                "examples": [21.5, 42, True, "open"],
            }
        ),
    ],
)
"""A measured value; null only in a request. Its schema has a name and no type: all SDK generators carry that form only.

With `oneOf` the code does not compile in Java; `anyOf` becomes an empty class in Rust, Swift and Kotlin.
"""

Measurements = Annotated[dict[str, MeasuredValue], Field(examples=[{"temperature": 21.5, "door_open": False}])]
Data = Annotated[
    dict[Name, MeasuredValue],
    Field(
        min_length=1,
        max_length=MAX_NAMES_PER_RECORD,
        description="Measured values by name. A null is no reading and is not stored; one value at least is not null.",
        examples=[{"temperature": 21.5, "door_open": False}],
        json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": MAX_NAME_LENGTH, "pattern": NAME_PATTERN}},
    ),
    BeforeValidator(_check_names),
]
Metadata = Annotated[
    Json,
    BeforeValidator(_check_metadata_size),
    Field(description=f"Any JSON object of at most {MAX_METADATA_BYTES} bytes.", examples=[{"unit": "C"}]),
]


class TelemetryRecordCreate(RequestModel):
    """One record: values measured at one time."""

    model_config = example(data={"temperature": 21.5, "door_open": False})

    data: Data
    timestamp: InputTime | None = Field(None, description="Time of the measurement; the time of receipt by default.")
    metadata: Metadata | None = None

    def to_submission(self) -> Submission:
        """Return the record as the service takes it."""
        return Submission(self.data, self.timestamp, self.metadata)


class BatchRecord(RequestModel):
    """One record of a batch."""

    model_config = example(timestamp="2026-01-31T09:30:00Z", data={"temperature": 21.5})

    data: Data
    timestamp: InputTime
    metadata: Metadata | None = None

    def to_submission(self) -> Submission:
        """Return the record as the service takes it."""
        return Submission(self.data, self.timestamp, self.metadata)


class SubmitResult(ResponseModel):
    """Acknowledgement of a durably stored record."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    timestamp: Timestamp
    accepted: int = Field(description="Number of values stored.", examples=[2])
    ignored: list[str] = Field(description="Names that were sent with null, which is no reading.", examples=[[]])


class RejectedRecord(ResponseModel):
    """A record that was not stored."""

    index: int = Field(
        description="Index of the record in the batch, from 0; in NDJSON, blank lines do not count.", examples=[3]
    )
    detail: str = Field(
        description="Why it was not stored.", examples=["timestamp: more than 5 minutes ahead of the service's clock"]
    )


class BatchResult(ResponseModel):
    """The outcome of a batch. Accepted records are stored durably."""

    accepted: int = Field(description="Number of records stored.", examples=[9])
    rejected: int = Field(description="Number of records not stored.", examples=[1])
    merged: int = Field(
        description="Number of accepted records with the time of another one in the batch. Records of one time are "
        "stored as one, with the values of all.",
        examples=[0],
    )
    errors: list[RejectedRecord] = Field(description="One entry per record that was not stored.")


class TelemetryRecord(ResponseModel):
    """The values and metadata stored for one time."""

    timestamp: Timestamp
    measurements: Measurements
    metadata: Json | None = Field(None, examples=[{"unit": "C"}])


class TelemetryRecordPage(ResponseModel):
    """A page of a device's records."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    device_type: str = Field(examples=["weather_station"])
    start_time: Timestamp
    end_time: Timestamp | None
    data: list[TelemetryRecord]
    count: int = Field(examples=[1])
    next_cursor: NextCursor


class LatestValue(ResponseModel):
    """The newest value of a measurement, by event time."""

    value: MeasuredValue = Field(examples=[21.5])
    timestamp: Timestamp


class LatestValues(ResponseModel):
    """The newest value of each measurement of a device."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    device_type: str = Field(examples=["weather_station"])
    latest_data: dict[str, LatestValue] = Field(
        examples=[{"temperature": {"value": 21.5, "timestamp": "2026-01-31T09:30:00.000Z"}}]
    )
    timestamp: Timestamp = Field(description="The newest timestamp among the values.")
    cached: bool = Field(description="Whether the values came from the cache.")


class WindowValue(ResponseModel):
    """The statistic of one window."""

    timestamp: Timestamp = Field(description="Start of the window; may be before `start_time`.")
    value: MeasuredValue = Field(examples=[21.5])
    count: int = Field(description="Number of values that the statistic uses.")


class AggregateResult(ResponseModel):
    """One statistic per window. Windows without values are omitted."""

    device_id: int = Field(examples=[1])
    field: str = Field(examples=["temperature"])
    aggregation: Aggregation
    window: str = Field(examples=["1h"])
    data: list[WindowValue]


class TelemetryDelete(RequestModel):
    """A half-open time range to delete: `start_time` is included, `stop_time` is not."""

    model_config = example(start_time="-7d", stop_time="now")

    start_time: RangeTime
    stop_time: RangeTime


class TelemetryDeleteResult(ResponseModel):
    """The deleted time range, as absolute times."""

    device_id: int = Field(examples=[1])
    start_time: Timestamp
    stop_time: Timestamp


class UserRecord(ResponseModel):
    """A record of one of a user's devices."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["greenhouse-1"])
    timestamp: Timestamp
    measurements: Measurements


class UserRecordPage(ResponseModel):
    """A page of the records of all of a user's devices, newest first."""

    user_id: UUID
    telemetry: list[UserRecord]
    count: int = Field(examples=[1])
    next_cursor: NextCursor
