from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_group_list import DeviceGroupList


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/{device_id}/groups".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> DeviceGroupList:
    """List the groups that contain a device

    Scope of personal access tokens: `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceGroupList,
        **_get_kwargs(
            device_id=device_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> DeviceGroupList:
    """List the groups that contain a device

    Scope of personal access tokens: `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceGroupList,
        **_get_kwargs(
            device_id=device_id,
        ),
    )
