"""Records of batches in their usual form, decoded straight into structs, without pydantic.

For a record that breaks no rule of the domain, the result is that of the schema `BatchRecord`. Services check the
rules; the schema describes the errors of a record that they reject, and of one that is not in this form.
"""

from typing import Annotated, Any

import msgspec
from pydantic import TypeAdapter, ValidationError

from iotflow.api.schemas.fields import InputTime
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN
from iotflow.domain.times import Millis
from iotflow.services.ingest import Submission

_Integer = Annotated[int, msgspec.Meta(ge=INTEGER_MIN, le=INTEGER_MAX)]


class PlainRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A record with the types of a valid one. Its names, its texts and its time are not checked."""

    data: dict[str, bool | _Integer | float | str | None]
    timestamp: _Integer | float | str
    metadata: dict[str, Any] | None = None  # Any: msgspec has no recursive types


_decode = msgspec.json.Decoder(PlainRecord).decode
_parse_time: TypeAdapter[Millis] = TypeAdapter(InputTime)


def decode_plain(text: memoryview) -> PlainRecord | None:
    """Return the record of a JSON text; None if the text is invalid or the record does not have the usual types."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def parse_plain(text: memoryview) -> Submission | None:
    """Return the submission of a JSON text, with unchecked names, texts and metadata; None for another form."""
    record = decode_plain(text)
    if record is None:
        return None
    try:
        timestamp = _parse_time.validate_python(record.timestamp)
    except ValidationError:
        return None
    return Submission(record.data, timestamp, record.metadata)
