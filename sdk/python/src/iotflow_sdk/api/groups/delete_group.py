from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection


def _get_kwargs(
    group_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/groups/{group_id}".format(
            group_id=quote(str(group_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    group_id: int,
) -> None:
    """Delete a group

    Its devices are kept. Scope of personal access tokens: `write`.

    Args:
        group_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            group_id=group_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    group_id: int,
) -> None:
    """Delete a group

    Its devices are kept. Scope of personal access tokens: `write`.

    Args:
        group_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            group_id=group_id,
        )
    )
