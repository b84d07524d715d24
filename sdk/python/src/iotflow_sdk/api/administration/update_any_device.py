from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.admin_device_response import AdminDeviceResponse
from ...models.admin_device_update import AdminDeviceUpdate


def _get_kwargs(
    device_id: int,
    *,
    body: AdminDeviceUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/admin/devices/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: AdminDeviceUpdate,
) -> AdminDeviceResponse:
    """Update any user's device

    `rate_limits` overrides the service's rate limits for this device.

    Args:
        device_id (int):
        body (AdminDeviceUpdate): An administrator's changes of a device. Absent fields keep their
            values; null clears a field.

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
    body: AdminDeviceUpdate,
) -> AdminDeviceResponse:
    """Update any user's device

    `rate_limits` overrides the service's rate limits for this device.

    Args:
        device_id (int):
        body (AdminDeviceUpdate): An administrator's changes of a device. Absent fields keep their
            values; null clears a field.

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
