from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_config import DeviceConfig


def _get_kwargs(
    device_id: int,
    version: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/devices/{device_id}/config/versions/{version}/restore".format(
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
    """Restore a version of a device's settings

    They become a new version, one higher than the current one. Scope of personal access tokens:
    `write`.

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
    """Restore a version of a device's settings

    They become a new version, one higher than the current one. Scope of personal access tokens:
    `write`.

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
