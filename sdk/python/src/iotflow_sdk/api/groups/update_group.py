from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.group_response import GroupResponse
from ...models.group_update import GroupUpdate


def _get_kwargs(
    group_id: int,
    *,
    body: GroupUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/groups/{group_id}".format(
            group_id=quote(str(group_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    group_id: int,
    *,
    body: GroupUpdate,
) -> GroupResponse:
    """Update a group

    Scope of personal access tokens: `write`.

    Args:
        group_id (int):
        body (GroupUpdate): Changes of a group. Absent fields keep their values; null clears a
            field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        GroupResponse,
        **_get_kwargs(
            group_id=group_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    group_id: int,
    *,
    body: GroupUpdate,
) -> GroupResponse:
    """Update a group

    Scope of personal access tokens: `write`.

    Args:
        group_id (int):
        body (GroupUpdate): Changes of a group. Absent fields keep their values; null clears a
            field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        GroupResponse,
        **_get_kwargs(
            group_id=group_id,
            body=body,
        ),
    )
