"""Bodies that a route has decoded before validation: submissions and batches. Their schemas document them."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, GetPydanticSchema, InstanceOf, WithJsonSchema
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import no_info_wrap_validator_function

from iotflow.api.plain_records import Batch
from iotflow.api.schemas.base import SCHEMA_REFERENCE
from iotflow.api.schemas.telemetry import BatchRecord, TelemetryRecordCreate
from iotflow.domain.telemetry import MAX_RECORDS_PER_BATCH
from iotflow.services.ingest import Submission


def _accept_submission(body: object, validate: Callable[[object], TelemetryRecordCreate]) -> Submission:
    return body if isinstance(body, Submission) else validate(body).to_submission()


def _require_records(batch: Batch) -> Batch:
    if not batch.records:
        raise PydanticKnownError("too_short", {"field_type": "List", "min_length": 1, "actual_length": 0})
    return batch


SubmissionBody = Annotated[
    Submission,
    GetPydanticSchema(
        lambda _, handler: no_info_wrap_validator_function(_accept_submission, handler(TelemetryRecordCreate))
    ),
]
"""A submission: a valid one is decoded by the route, any other is validated. Its schema is `TelemetryRecordCreate`."""

BatchBody = Annotated[
    Batch,
    InstanceOf(),
    AfterValidator(_require_records),
    # No maxItems: validation would refuse too many records with 422; they are refused with 413, as a body too large.
    WithJsonSchema(
        {
            "type": "array",
            "items": {"$ref": SCHEMA_REFERENCE.format(model=BatchRecord.__name__)},
            "minItems": 1,
            "description": f"At most {MAX_RECORDS_PER_BATCH:,} records.",
            "examples": [[{"timestamp": "2026-01-31T09:30:00Z", "data": {"temperature": 21.5}}]],
        }
    ),
]
"""A batch, decoded by the route. The response reports a bad record, and the request does not fail."""
