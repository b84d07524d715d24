from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.admin_device_response import AdminDeviceResponse
from ...models.device_status_update import DeviceStatusUpdate


def _get_kwargs(
    device_id: int,
    *,
    body: DeviceStatusUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/admin/devices/{device_id}/status".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: DeviceStatusUpdate,
) -> AdminDeviceResponse:
    """Set the status of any user's device

    Args:
        device_id (int):
        body (DeviceStatusUpdate): The new status of a device.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AdminDeviceResponse,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: DeviceStatusUpdate,
) -> AdminDeviceResponse:
    """Set the status of any user's device

    Args:
        device_id (int):
        body (DeviceStatusUpdate): The new status of a device.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AdminDeviceResponse,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )
