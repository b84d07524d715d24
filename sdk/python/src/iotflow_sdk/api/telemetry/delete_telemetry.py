from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.telemetry_delete import TelemetryDelete
from ...models.telemetry_delete_result import TelemetryDeleteResult
from ...types import UNSET, Unset


def _get_kwargs(
    device_id: int,
    *,
    body: TelemetryDelete | Unset = UNSET,
    start_time: str | Unset = UNSET,
    stop_time: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["start_time"] = start_time

    params["stop_time"] = stop_time

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/telemetry/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
        "params": params,
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: TelemetryDelete | Unset = UNSET,
    start_time: str | Unset = UNSET,
    stop_time: str | Unset = UNSET,
) -> TelemetryDeleteResult:
    """Delete a device's telemetry within a time range

    The half-open range is given in the body or in the query. Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        start_time (str | Unset):
        stop_time (str | Unset):
        body (TelemetryDelete | Unset): A half-open time range to delete: `start_time` is
            included, `stop_time` is not.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        TelemetryDeleteResult,
        **_get_kwargs(
            device_id=device_id,
            body=body,
            start_time=start_time,
            stop_time=stop_time,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: TelemetryDelete | Unset = UNSET,
    start_time: str | Unset = UNSET,
    stop_time: str | Unset = UNSET,
) -> TelemetryDeleteResult:
    """Delete a device's telemetry within a time range

    The half-open range is given in the body or in the query. Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        start_time (str | Unset):
        stop_time (str | Unset):
        body (TelemetryDelete | Unset): A half-open time range to delete: `start_time` is
            included, `stop_time` is not.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        TelemetryDeleteResult,
        **_get_kwargs(
            device_id=device_id,
            body=body,
            start_time=start_time,
            stop_time=stop_time,
        ),
    )
