from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.webhook_list import WebhookList
from ...types import UNSET, Unset


def _get_kwargs(
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
        "path": "/api/v1/webhooks",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> WebhookList:
    """List the caller's webhooks

    Administrators see all. Scope of personal access tokens: `read`.

    Args:
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        WebhookList,
        **_get_kwargs(
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> WebhookList:
    """List the caller's webhooks

    Administrators see all. Scope of personal access tokens: `read`.

    Args:
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        WebhookList,
        **_get_kwargs(
            limit=limit,
            offset=offset,
        ),
    )
