from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.batch_record import BatchRecord
from ...models.batch_result import BatchResult


def _get_kwargs(
    device_id: int,
    *,
    body: list[BatchRecord],
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/telemetry/{device_id}/batch".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = []
    for body_item_data in body:
        body_item = body_item_data.to_dict()
        _kwargs["json"].append(body_item)

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: list[BatchRecord],
) -> BatchResult:
    """Submit up to 10,000 records on behalf of a device

    For back-fills and gateways.

    The device's presence and status do not change. The body has the format of a device's batch. Scope
    of personal access tokens: `telemetry`.

    Args:
        device_id (int):
        body (list[BatchRecord]): At most 10,000 records.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        BatchResult,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: list[BatchRecord],
) -> BatchResult:
    """Submit up to 10,000 records on behalf of a device

    For back-fills and gateways.

    The device's presence and status do not change. The body has the format of a device's batch. Scope
    of personal access tokens: `telemetry`.

    Args:
        device_id (int):
        body (list[BatchRecord]): At most 10,000 records.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        BatchResult,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )
