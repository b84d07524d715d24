from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.device_status_list import DeviceStatusList
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/admin/devices/statuses",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> DeviceStatusList:
    """List the status and presence of all devices

    Args:
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceStatusList,
        **_get_kwargs(
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> DeviceStatusList:
    """List the status and presence of all devices

    Args:
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceStatusList,
        **_get_kwargs(
            limit=limit,
            offset=offset,
        ),
    )
