from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.user_record_page import UserRecordPage
from ...types import UNSET, Unset


def _get_kwargs(
    user_id: str,
    *,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["start_time"] = start_time

    params["end_time"] = end_time

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/telemetry/user/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> UserRecordPage:
    """List the records of all of a user's devices

    The newest records come first. A page also ends at 100,000 values or 8 MiB: follow `next_cursor`
    until it is null. Scope of personal access tokens: `read`.

    Args:
        user_id (str):
        start_time (str | Unset):
        end_time (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        UserRecordPage,
        **_get_kwargs(
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
            limit=limit,
            cursor=cursor,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> UserRecordPage:
    """List the records of all of a user's devices

    The newest records come first. A page also ends at 100,000 values or 8 MiB: follow `next_cursor`
    until it is null. Scope of personal access tokens: `read`.

    Args:
        user_id (str):
        start_time (str | Unset):
        end_time (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        UserRecordPage,
        **_get_kwargs(
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
            limit=limit,
            cursor=cursor,
        ),
    )
