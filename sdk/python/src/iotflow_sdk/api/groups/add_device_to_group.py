from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.add_device_request import AddDeviceRequest
from ...models.membership_response import MembershipResponse


def _get_kwargs(
    group_id: int,
    *,
    body: AddDeviceRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/groups/{group_id}/devices".format(
            group_id=quote(str(group_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    group_id: int,
    *,
    body: AddDeviceRequest,
) -> MembershipResponse:
    """Add a device to a group

    Both must have the same owner. Scope of personal access tokens: `write`.

    Args:
        group_id (int):
        body (AddDeviceRequest): A device to add to a group.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        MembershipResponse,
        **_get_kwargs(
            group_id=group_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    group_id: int,
    *,
    body: AddDeviceRequest,
) -> MembershipResponse:
    """Add a device to a group

    Both must have the same owner. Scope of personal access tokens: `write`.

    Args:
        group_id (int):
        body (AddDeviceRequest): A device to add to a group.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        MembershipResponse,
        **_get_kwargs(
            group_id=group_id,
            body=body,
        ),
    )
