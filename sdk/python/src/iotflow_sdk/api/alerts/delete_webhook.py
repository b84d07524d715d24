from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection


def _get_kwargs(
    webhook_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/webhooks/{webhook_id}".format(
            webhook_id=quote(str(webhook_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    webhook_id: int,
) -> None:
    """Delete a webhook with its deliveries

    Its rules remain, without a webhook. Scope of personal access tokens: `write`.

    Args:
        webhook_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            webhook_id=webhook_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    webhook_id: int,
) -> None:
    """Delete a webhook with its deliveries

    Its rules remain, without a webhook. Scope of personal access tokens: `write`.

    Args:
        webhook_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            webhook_id=webhook_id,
        )
    )
