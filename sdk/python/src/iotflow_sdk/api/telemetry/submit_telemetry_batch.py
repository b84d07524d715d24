from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.batch_record import BatchRecord
from ...models.batch_result import BatchResult


def _get_kwargs(
    *,
    body: list[BatchRecord],
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/telemetry/batch",
    }

    _kwargs["json"] = []
    for body_item_data in body:
        body_item = body_item_data.to_dict()
        _kwargs["json"].append(body_item)

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: list[BatchRecord],
) -> BatchResult:
    """Submit up to 10,000 records at once

    Valid records are stored even if others are rejected.

    The body may also be NDJSON, one record per line, with the content type `application/x-ndjson`.
    Either may be
    compressed with `Content-Encoding: gzip`. A null in `data` is no reading and is not stored.

    Args:
        body (list[BatchRecord]): At most 10,000 records.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        BatchResult,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: list[BatchRecord],
) -> BatchResult:
    """Submit up to 10,000 records at once

    Valid records are stored even if others are rejected.

    The body may also be NDJSON, one record per line, with the content type `application/x-ndjson`.
    Either may be
    compressed with `Content-Encoding: gzip`. A null in `data` is no reading and is not stored.

    Args:
        body (list[BatchRecord]): At most 10,000 records.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        BatchResult,
        **_get_kwargs(
            body=body,
        ),
    )
