from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.device_config import DeviceConfig


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/config",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> DeviceConfig:
    """Get the calling device's settings

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(DeviceConfig, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> DeviceConfig:
    """Get the calling device's settings

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(DeviceConfig, **_get_kwargs())
