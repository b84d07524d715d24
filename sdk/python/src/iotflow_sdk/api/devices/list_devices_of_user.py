from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_status import DeviceStatus
from ...models.user_device_list import UserDeviceList
from ...types import UNSET, Unset


def _get_kwargs(
    user_id: str,
    *,
    status: DeviceStatus | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/user/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    status: DeviceStatus | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> UserDeviceList:
    """List a user's devices

    Scope of personal access tokens: `read`.

    Args:
        user_id (str):
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next
            telemetry; MAINTENANCE refuses telemetry.
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserDeviceList,
        **_get_kwargs(
            user_id=user_id,
            status=status,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    status: DeviceStatus | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> UserDeviceList:
    """List a user's devices

    Scope of personal access tokens: `read`.

    Args:
        user_id (str):
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next
            telemetry; MAINTENANCE refuses telemetry.
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserDeviceList,
        **_get_kwargs(
            user_id=user_id,
            status=status,
            limit=limit,
            offset=offset,
        ),
    )
