from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.personal_token_list import PersonalTokenList
from ...types import UNSET, Unset


def _get_kwargs(
    user_id: str,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/users/{user_id}/tokens".format(
            user_id=quote(str(user_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> PersonalTokenList:
    """List an account's personal access tokens

    Expired ones are listed until they are deleted.

    Args:
        user_id (str):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        PersonalTokenList,
        **_get_kwargs(
            user_id=user_id,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> PersonalTokenList:
    """List an account's personal access tokens

    Expired ones are listed until they are deleted.

    Args:
        user_id (str):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        PersonalTokenList,
        **_get_kwargs(
            user_id=user_id,
            limit=limit,
            offset=offset,
        ),
    )
