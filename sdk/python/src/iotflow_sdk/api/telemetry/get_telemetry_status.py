from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.telemetry_status import TelemetryStatus


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/telemetry/status",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> TelemetryStatus:
    """Check whether the service accepts telemetry

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(TelemetryStatus, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> TelemetryStatus:
    """Check whether the service accepts telemetry

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(TelemetryStatus, **_get_kwargs())
