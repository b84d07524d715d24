"""Records in their usual form, decoded straight into structs, without pydantic.

For a record that breaks no rule of the domain, the result is that of the schemas `TelemetryRecordCreate` and
`BatchRecord`. Services check the rules; the schemas describe the errors of a record that they reject, and of one that
is not in this form.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec

from iotflow.api.schemas.fields import parse_input_time
from iotflow.domain.names import normalize_names
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, MAX_RECORDS_PER_BATCH, errors_of_record
from iotflow.services.ingest import Submission

_Integer = Annotated[int, msgspec.Meta(ge=INTEGER_MIN, le=INTEGER_MAX)]
_Data = dict[str, bool | _Integer | float | str | None]
_Time = _Integer | float | str
_Metadata = dict[str, Any]  # Any: msgspec has no recursive types

T = TypeVar("T")


class PlainRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A record of a batch with the types of a valid one. Its names, its texts and its time are not checked."""

    data: _Data
    timestamp: _Time
    metadata: _Metadata | None = None


class _PlainSubmission(msgspec.Struct, forbid_unknown_fields=True):
    """A single record likewise, which may come without its time."""

    data: _Data
    timestamp: _Time | None = None
    metadata: _Metadata | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of a batch: all decoded, or the undecoded JSON of each. `values` is the number of their values."""

    records: Sequence[PlainRecord | memoryview]
    values: int


_decode = msgspec.json.Decoder(PlainRecord).decode
_decode_submission = msgspec.json.Decoder(_PlainSubmission).decode
_decode_array = msgspec.json.Decoder(
    Annotated[list[PlainRecord], msgspec.Meta(max_length=MAX_RECORDS_PER_BATCH)]
).decode


def try_decode_plain(text: memoryview) -> PlainRecord | None:
    """Return the record of a JSON text; None if the text is invalid or the record does not have the usual types."""
    return _try_decode(_decode, text)


def try_decode_plain_array(text: bytearray) -> list[PlainRecord] | None:
    """Return the records of a JSON array; None if the text is invalid or a record does not have the usual types."""
    return _try_decode(_decode_array, text)


def try_parse_plain(text: memoryview) -> Submission | None:
    """Return the submission of a JSON text, with unchecked names, texts and metadata; None for another form."""
    record = try_decode_plain(text)
    return None if record is None else to_submission(record)


def to_submission(record: PlainRecord | _PlainSubmission) -> Submission | None:
    """Return the submission of a record, with names as sent and unchecked texts; None for an invalid time."""
    try:
        timestamp = None if record.timestamp is None else parse_input_time(record.timestamp)
    except ValueError:
        return None
    return Submission(record.data, timestamp, record.metadata)


def try_parse_submission(text: bytearray) -> Submission | None:
    """Return the submission of a single record that breaks no rule; None for one that the schema must judge."""
    record = _try_decode(_decode_submission, text)
    if record is None:
        return None
    record.data = dict(normalize_names(record.data))
    submission = to_submission(record)
    if submission is None or errors_of_record(submission.readings, submission.metadata):
        return None
    return submission


def _try_decode(decode: Callable[[memoryview | bytearray], T], text: memoryview | bytearray) -> T | None:
    try:
        return decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
