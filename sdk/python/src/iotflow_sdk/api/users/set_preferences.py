from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.user_preferences import UserPreferences


def _get_kwargs(
    user_id: str,
    *,
    body: UserPreferences,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/users/{user_id}/preferences".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    body: UserPreferences,
) -> UserPreferences:
    """Set your preferences

    The body, any JSON object of at most 64 KiB, replaces them as a whole.

    Args:
        user_id (str):
        body (UserPreferences): Any JSON object of at most 65536 bytes.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserPreferences,
        **_get_kwargs(
            user_id=user_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    body: UserPreferences,
) -> UserPreferences:
    """Set your preferences

    The body, any JSON object of at most 64 KiB, replaces them as a whole.

    Args:
        user_id (str):
        body (UserPreferences): Any JSON object of at most 65536 bytes.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserPreferences,
        **_get_kwargs(
            user_id=user_id,
            body=body,
        ),
    )
