from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.device_credentials import DeviceCredentials


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/credentials",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> DeviceCredentials:
    """Get details of the API key in use

    Never returns the key itself.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(DeviceCredentials, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> DeviceCredentials:
    """Get details of the API key in use

    Never returns the key itself.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(DeviceCredentials, **_get_kwargs())
