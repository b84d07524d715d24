from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.group_with_devices_response import GroupWithDevicesResponse


def _get_kwargs(
    group_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/groups/{group_id}".format(
            group_id=quote(str(group_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    group_id: int,
) -> GroupWithDevicesResponse:
    """Get a group and its devices

    Scope of personal access tokens: `read`.

    Args:
        group_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        GroupWithDevicesResponse,
        **_get_kwargs(
            group_id=group_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    group_id: int,
) -> GroupWithDevicesResponse:
    """Get a group and its devices

    Scope of personal access tokens: `read`.

    Args:
        group_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        GroupWithDevicesResponse,
        **_get_kwargs(
            group_id=group_id,
        ),
    )
