from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.admin_device_response import AdminDeviceResponse


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/admin/devices/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> AdminDeviceResponse:
    """Get any user's device

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AdminDeviceResponse,
        **_get_kwargs(
            device_id=device_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> AdminDeviceResponse:
    """Get any user's device

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AdminDeviceResponse,
        **_get_kwargs(
            device_id=device_id,
        ),
    )
