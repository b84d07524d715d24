from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.password_form import PasswordForm
from ...models.token_response import TokenResponse


def _get_kwargs(
    *,
    body: PasswordForm,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/auth/token",
    }

    _kwargs["data"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: PasswordForm,
) -> TokenResponse:
    """Log in with the OAuth 2.0 password form

    Used by Authorize in `/docs`.

    Args:
        body (PasswordForm): The form of OAuth 2.0's password grant (RFC 6749, section 4.3.2),
            which Authorize in `/docs` sends.

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
    body: PasswordForm,
) -> TokenResponse:
    """Log in with the OAuth 2.0 password form

    Used by Authorize in `/docs`.

    Args:
        body (PasswordForm): The form of OAuth 2.0's password grant (RFC 6749, section 4.3.2),
            which Authorize in `/docs` sends.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        TokenResponse,
        **_get_kwargs(
            body=body,
        ),
    )
