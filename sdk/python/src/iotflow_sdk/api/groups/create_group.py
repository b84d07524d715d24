from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.group_create import GroupCreate
from ...models.group_response import GroupResponse


def _get_kwargs(
    *,
    body: GroupCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/groups",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: GroupCreate,
) -> GroupResponse:
    """Create a group

    Scope of personal access tokens: `write`.

    Args:
        body (GroupCreate): A group to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        GroupResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: GroupCreate,
) -> GroupResponse:
    """Create a group

    Scope of personal access tokens: `write`.

    Args:
        body (GroupCreate): A group to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        GroupResponse,
        **_get_kwargs(
            body=body,
        ),
    )
