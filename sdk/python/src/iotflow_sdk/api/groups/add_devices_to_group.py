from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.add_devices_request import AddDevicesRequest
from ...models.add_devices_result import AddDevicesResult


def _get_kwargs(
    group_id: int,
    *,
    body: AddDevicesRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/groups/{group_id}/devices/bulk".format(
            group_id=quote(str(group_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    group_id: int,
    *,
    body: AddDevicesRequest,
) -> AddDevicesResult:
    """Add many devices to a group

    The response lists the outcome for each device. Scope of personal access tokens: `write`.

    Args:
        group_id (int):
        body (AddDevicesRequest): Devices to add to a group.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AddDevicesResult,
        **_get_kwargs(
            group_id=group_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    group_id: int,
    *,
    body: AddDevicesRequest,
) -> AddDevicesResult:
    """Add many devices to a group

    The response lists the outcome for each device. Scope of personal access tokens: `write`.

    Args:
        group_id (int):
        body (AddDevicesRequest): Devices to add to a group.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AddDevicesResult,
        **_get_kwargs(
            group_id=group_id,
            body=body,
        ),
    )
