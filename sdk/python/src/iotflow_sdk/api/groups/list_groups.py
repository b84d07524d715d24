from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.group_list import GroupList
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    include_devices: bool | Unset = False,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["include_devices"] = include_devices

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/groups",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    include_devices: bool | Unset = False,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> GroupList:
    """List the caller's groups

    Scope of personal access tokens: `read`.

    Args:
        include_devices (bool | Unset):  Default: False.
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        GroupList,
        **_get_kwargs(
            include_devices=include_devices,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    include_devices: bool | Unset = False,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> GroupList:
    """List the caller's groups

    Scope of personal access tokens: `read`.

    Args:
        include_devices (bool | Unset):  Default: False.
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        GroupList,
        **_get_kwargs(
            include_devices=include_devices,
            limit=limit,
            offset=offset,
        ),
    )
