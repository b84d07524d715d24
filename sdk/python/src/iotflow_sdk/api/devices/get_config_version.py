from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_config import DeviceConfig


def _get_kwargs(
    device_id: int,
    version: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/{device_id}/config/versions/{version}".format(
            device_id=quote(str(device_id), safe=""),
            version=quote(str(version), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    version: int,
) -> DeviceConfig:
    """Get a version of a device's settings

    404 for a version that is no longer kept. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        version (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceConfig,
        **_get_kwargs(
            device_id=device_id,
            version=version,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    version: int,
) -> DeviceConfig:
    """Get a version of a device's settings

    404 for a version that is no longer kept. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        version (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceConfig,
        **_get_kwargs(
            device_id=device_id,
            version=version,
        ),
    )
