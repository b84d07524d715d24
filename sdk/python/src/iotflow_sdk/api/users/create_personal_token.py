from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.personal_token_create import PersonalTokenCreate
from ...models.personal_token_with_secret import PersonalTokenWithSecret


def _get_kwargs(
    user_id: str,
    *,
    body: PersonalTokenCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/users/{user_id}/tokens".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    body: PersonalTokenCreate,
) -> PersonalTokenWithSecret:
    """Create a personal access token

    The response contains its secret, which is not shown again.

    Args:
        user_id (str):
        body (PersonalTokenCreate): A personal access token to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        PersonalTokenWithSecret,
        **_get_kwargs(
            user_id=user_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    body: PersonalTokenCreate,
) -> PersonalTokenWithSecret:
    """Create a personal access token

    The response contains its secret, which is not shown again.

    Args:
        user_id (str):
        body (PersonalTokenCreate): A personal access token to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        PersonalTokenWithSecret,
        **_get_kwargs(
            user_id=user_id,
            body=body,
        ),
    )
