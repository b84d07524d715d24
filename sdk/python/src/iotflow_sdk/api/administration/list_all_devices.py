from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.admin_device_list import AdminDeviceList
from ...models.device_status import DeviceStatus
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    status: DeviceStatus | Unset = UNSET,
    device_type: str | Unset = UNSET,
    user_id: str | Unset = UNSET,
    q: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["device_type"] = device_type

    params["user_id"] = user_id

    params["q"] = q

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/admin/devices",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    status: DeviceStatus | Unset = UNSET,
    device_type: str | Unset = UNSET,
    user_id: str | Unset = UNSET,
    q: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> AdminDeviceList:
    """List all users' devices

    Args:
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next
            telemetry; MAINTENANCE refuses telemetry.
        device_type (str | Unset):
        user_id (str | Unset):
        q (str | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AdminDeviceList,
        **_get_kwargs(
            status=status,
            device_type=device_type,
            user_id=user_id,
            q=q,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    status: DeviceStatus | Unset = UNSET,
    device_type: str | Unset = UNSET,
    user_id: str | Unset = UNSET,
    q: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> AdminDeviceList:
    """List all users' devices

    Args:
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next
            telemetry; MAINTENANCE refuses telemetry.
        device_type (str | Unset):
        user_id (str | Unset):
        q (str | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AdminDeviceList,
        **_get_kwargs(
            status=status,
            device_type=device_type,
            user_id=user_id,
            q=q,
            limit=limit,
            offset=offset,
        ),
    )
