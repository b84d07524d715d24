from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.user_list import UserList
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
        "path": "/api/v1/users",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> UserList:
    """List all accounts

    Ordered by time of registration.

    Args:
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserList,
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
) -> UserList:
    """List all accounts

    Ordered by time of registration.

    Args:
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserList,
        **_get_kwargs(
            limit=limit,
            offset=offset,
        ),
    )
