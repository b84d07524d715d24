from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.submit_result import SubmitResult
from ...models.telemetry_record_create import TelemetryRecordCreate
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    body: TelemetryRecordCreate,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/telemetry",
    }

    _kwargs["json"] = body.to_dict()

    _kwargs["headers"] = headers
    return _kwargs


def sync(
    connection: Connection,
    *,
    body: TelemetryRecordCreate,
    idempotency_key: str | Unset = UNSET,
) -> SubmitResult:
    """Submit a record

    It is stored durably before the response is sent.

    The body may be compressed with `Content-Encoding: gzip`. A null in `data` is no reading: it is not
    stored, and
    `ignored` lists its name. A repetition with the same `Idempotency-Key` is stored once.

    Args:
        idempotency_key (str | Unset):
        body (TelemetryRecordCreate): One record: values measured at one time.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        SubmitResult,
        **_get_kwargs(
            body=body,
            idempotency_key=idempotency_key,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: TelemetryRecordCreate,
    idempotency_key: str | Unset = UNSET,
) -> SubmitResult:
    """Submit a record

    It is stored durably before the response is sent.

    The body may be compressed with `Content-Encoding: gzip`. A null in `data` is no reading: it is not
    stored, and
    `ignored` lists its name. A repetition with the same `Idempotency-Key` is stored once.

    Args:
        idempotency_key (str | Unset):
        body (TelemetryRecordCreate): One record: values measured at one time.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        SubmitResult,
        **_get_kwargs(
            body=body,
            idempotency_key=idempotency_key,
        ),
    )
