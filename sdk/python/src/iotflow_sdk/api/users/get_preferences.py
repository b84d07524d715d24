from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.user_preferences import UserPreferences


def _get_kwargs(
    user_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/users/{user_id}/preferences".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
) -> UserPreferences:
    """Get your preferences

    An empty object before they are set. Scope of personal access tokens: `read`.

    Args:
        user_id (str):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserPreferences,
        **_get_kwargs(
            user_id=user_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
) -> UserPreferences:
    """Get your preferences

    An empty object before they are set. Scope of personal access tokens: `read`.

    Args:
        user_id (str):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserPreferences,
        **_get_kwargs(
            user_id=user_id,
        ),
    )
