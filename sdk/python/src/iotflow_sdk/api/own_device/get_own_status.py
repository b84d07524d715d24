from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.device_self_status import DeviceSelfStatus


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/status",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> DeviceSelfStatus:
    """Get the calling device's status

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(DeviceSelfStatus, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> DeviceSelfStatus:
    """Get the calling device's status

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(DeviceSelfStatus, **_get_kwargs())
