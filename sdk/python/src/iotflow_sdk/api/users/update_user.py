from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.user_response import UserResponse
from ...models.user_update import UserUpdate


def _get_kwargs(
    user_id: str,
    *,
    body: UserUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/users/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    body: UserUpdate,
) -> UserResponse:
    """Update an account

    A new password revokes all of its access tokens from logins.

    Its personal access tokens stay valid unless `revoke_tokens` is true.

    Args:
        user_id (str):
        body (UserUpdate): Changes of an account; absent fields keep their values.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserResponse,
        **_get_kwargs(
            user_id=user_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    body: UserUpdate,
) -> UserResponse:
    """Update an account

    A new password revokes all of its access tokens from logins.

    Its personal access tokens stay valid unless `revoke_tokens` is true.

    Args:
        user_id (str):
        body (UserUpdate): Changes of an account; absent fields keep their values.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserResponse,
        **_get_kwargs(
            user_id=user_id,
            body=body,
        ),
    )
