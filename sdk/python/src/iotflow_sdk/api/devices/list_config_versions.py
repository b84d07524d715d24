from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.config_version_list import ConfigVersionList


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/{device_id}/config/versions".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> ConfigVersionList:
    """List the versions of a device's settings

    The last 20 are kept; the newest, which applies, comes first. Scope of personal access tokens:
    `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        ConfigVersionList,
        **_get_kwargs(
            device_id=device_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> ConfigVersionList:
    """List the versions of a device's settings

    The last 20 are kept; the newest, which applies, comes first. Scope of personal access tokens:
    `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        ConfigVersionList,
        **_get_kwargs(
            device_id=device_id,
        ),
    )
