from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.system_stats import SystemStats


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/admin/stats",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> SystemStats:
    """Get totals of the whole service

    Telemetry and cache figures are estimates.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(SystemStats, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> SystemStats:
    """Get totals of the whole service

    Telemetry and cache figures are estimates.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(SystemStats, **_get_kwargs())
