"""The route that stores single records."""

from typing import Annotated

from fastapi import Header, Request
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from iotflow.api.auth import TelemetryDevice, charge_values
from iotflow.api.dependencies import ServicesDep
from iotflow.api.routing import SubmissionRoute, api_router
from iotflow.api.schemas.telemetry import SubmitResult, TelemetryRecordCreate

MAX_IDEMPOTENCY_KEY_LENGTH = 128

router = api_router("Telemetry", SubmissionRoute)


def _check_idempotency_key(key: str) -> str:
    if not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH or not all("!" <= character <= "~" for character in key):
        message = f"a key has 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters, without spaces"
        raise PydanticCustomError("idempotency_key", "{message}", {"message": message})
    return key


IdempotencyKey = Annotated[
    Annotated[
        str,
        AfterValidator(_check_idempotency_key),
        Field(json_schema_extra={"minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_LENGTH, "pattern": "^[!-~]+$"}),
    ]
    | None,
    Header(
        alias="Idempotency-Key",
        description="Unique to this record, such as a UUID. The record is stored once, however often it is sent with "
        "this key within 24 h.",
    ),
]


@router.post("/telemetry", status_code=201, operation_id="submit_telemetry")
async def submit_telemetry(
    context: TelemetryDevice,
    body: TelemetryRecordCreate,
    request: Request,
    services: ServicesDep,
    idempotency_key: IdempotencyKey = None,
) -> SubmitResult:
    """Submit a record. It is stored durably before the response is sent.

    The body may be compressed with `Content-Encoding: gzip`. A null in `data` is no reading: it is not stored, and
    `ignored` lists its name. A repetition with the same `Idempotency-Key` is stored once.
    """
    await charge_values(request, context.principal.device, len(body.data))
    stored = await services.ingest.submit(context, body.submission(), idempotency_key)
    return SubmitResult(
        device_id=context.principal.device_id,
        device_name=context.principal.device.name,
        timestamp=stored.timestamp,
        accepted=stored.accepted,
        ignored=stored.ignored,
    )
