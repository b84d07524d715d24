from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_status import DeviceStatus
from ...models.group_member_list import GroupMemberList
from ...types import UNSET, Unset


def _get_kwargs(
    group_id: int,
    *,
    status: DeviceStatus | Unset = UNSET,
    device_type: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["device_type"] = device_type

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/groups/{group_id}/devices".format(
            group_id=quote(str(group_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    group_id: int,
    *,
    status: DeviceStatus | Unset = UNSET,
    device_type: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> GroupMemberList:
    """List a group's devices

    Scope of personal access tokens: `read`.

    Args:
        group_id (int):
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next
            telemetry; MAINTENANCE refuses telemetry.
        device_type (str | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        GroupMemberList,
        **_get_kwargs(
            group_id=group_id,
            status=status,
            device_type=device_type,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    group_id: int,
    *,
    status: DeviceStatus | Unset = UNSET,
    device_type: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> GroupMemberList:
    """List a group's devices

    Scope of personal access tokens: `read`.

    Args:
        group_id (int):
        status (DeviceStatus | Unset): The status of a device. INACTIVE ends with its next
            telemetry; MAINTENANCE refuses telemetry.
        device_type (str | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        GroupMemberList,
        **_get_kwargs(
            group_id=group_id,
            status=status,
            device_type=device_type,
            limit=limit,
            offset=offset,
        ),
    )
