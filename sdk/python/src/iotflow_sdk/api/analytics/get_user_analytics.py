from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.account_analytics import AccountAnalytics
from ...types import UNSET, Unset


def _get_kwargs(
    user_id: str,
    *,
    start_time: str | Unset = "-7d",
    end_time: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["start_time"] = start_time

    params["end_time"] = end_time

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/analytics/users/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
    *,
    start_time: str | Unset = "-7d",
    end_time: str | Unset = UNSET,
) -> AccountAnalytics:
    """Summarize a user's devices, their activity and alerts

    The time range has at most 31 days. Scope of personal access tokens: `read`.

    Args:
        user_id (str):
        start_time (str | Unset):  Default: '-7d'.
        end_time (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AccountAnalytics,
        **_get_kwargs(
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
    *,
    start_time: str | Unset = "-7d",
    end_time: str | Unset = UNSET,
) -> AccountAnalytics:
    """Summarize a user's devices, their activity and alerts

    The time range has at most 31 days. Scope of personal access tokens: `read`.

    Args:
        user_id (str):
        start_time (str | Unset):  Default: '-7d'.
        end_time (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AccountAnalytics,
        **_get_kwargs(
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
        ),
    )
