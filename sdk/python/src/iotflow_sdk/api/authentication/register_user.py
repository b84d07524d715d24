from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.user_create import UserCreate
from ...models.user_response import UserResponse


def _get_kwargs(
    *,
    body: UserCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/auth/register",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: UserCreate,
) -> UserResponse:
    """Create an account

    Requires an administrator's token if registration is closed.

    Args:
        body (UserCreate): An account to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: UserCreate,
) -> UserResponse:
    """Create an account

    Requires an administrator's token if registration is closed.

    Args:
        body (UserCreate): An account to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserResponse,
        **_get_kwargs(
            body=body,
        ),
    )
