"""The route that stores single records."""

from typing import Annotated

from fastapi import Body, Header, Request, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from iotflow.api.auth import DeviceSubmitContext, charge_points
from iotflow.api.dependencies import ServicesDep
from iotflow.api.responses import json_response
from iotflow.api.routing import SubmissionRoute, api_router
from iotflow.api.schemas.decoded import SubmissionBody
from iotflow.api.schemas.telemetry import SubmitResult
from iotflow.domain.times import format_rfc3339

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


@router.post("/telemetry", status_code=201, operation_id="submit_telemetry", response_model=SubmitResult)
async def submit_telemetry(
    context: DeviceSubmitContext,
    submission: Annotated[SubmissionBody, Body()],
    request: Request,
    services: ServicesDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Submit a record. It is stored durably before the response is sent.

    The body may be compressed with `Content-Encoding: gzip`. A null in `data` is no reading: it is not stored, and
    `ignored` lists its name. A repetition with the same `Idempotency-Key` is stored once.
    """
    device = context.principal.device
    await charge_points(request, device, len(submission.readings))
    acceptance = await services.ingest.submit(context, submission, idempotency_key)
    body = {
        "device_id": device.id,
        "device_name": device.name,
        "timestamp": format_rfc3339(acceptance.timestamp),
        "accepted": acceptance.accepted,
        "ignored": acceptance.ignored,
    }
    return json_response(body, 201)
