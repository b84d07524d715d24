from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.credentials import Credentials
from ...models.token_response import TokenResponse


def _get_kwargs(
    *,
    body: Credentials,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/auth/login",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: Credentials,
) -> TokenResponse:
    """Log in

    Returns an access token for a username or email address and its password.

    Args:
        body (Credentials): A login by username or email address.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        TokenResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: Credentials,
) -> TokenResponse:
    """Log in

    Returns an access token for a username or email address and its password.

    Args:
        body (Credentials): A login by username or email address.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        TokenResponse,
        **_get_kwargs(
            body=body,
        ),
    )
