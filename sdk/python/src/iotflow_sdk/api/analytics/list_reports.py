from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.report_list import ReportList
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/analytics/reports",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> ReportList:
    """List reports without their results, the newest first

    Users see their own; administrators see all. Scope of personal access tokens: `read`.

    Args:
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        ReportList,
        **_get_kwargs(
            limit=limit,
            cursor=cursor,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> ReportList:
    """List reports without their results, the newest first

    Users see their own; administrators see all. Scope of personal access tokens: `read`.

    Args:
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        ReportList,
        **_get_kwargs(
            limit=limit,
            cursor=cursor,
        ),
    )
