from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.user_response import UserResponse


def _get_kwargs(
    user_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "PATCH",
        "path": "/api/v1/users/{user_id}/activate".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
) -> UserResponse:
    """Reactivate a suspended account

    Its tokens and its devices' keys work again.

    Args:
        user_id (str):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserResponse,
        **_get_kwargs(
            user_id=user_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
) -> UserResponse:
    """Reactivate a suspended account

    Its tokens and its devices' keys work again.

    Args:
        user_id (str):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserResponse,
        **_get_kwargs(
            user_id=user_id,
        ),
    )
