from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection


def _get_kwargs(
    user_id: str,
    token_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/users/{user_id}/tokens/{token_id}".format(
            user_id=quote(str(user_id), safe=""),
            token_id=quote(str(token_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    token_id: int,
) -> None:
    """Revoke a personal access token

    It stops working immediately.

    Args:
        user_id (str):
        token_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            user_id=user_id,
            token_id=token_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    token_id: int,
) -> None:
    """Revoke a personal access token

    It stops working immediately.

    Args:
        user_id (str):
        token_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            user_id=user_id,
            token_id=token_id,
        )
    )
