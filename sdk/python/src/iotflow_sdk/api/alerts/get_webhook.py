from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.webhook_response import WebhookResponse


def _get_kwargs(
    webhook_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/webhooks/{webhook_id}".format(
            webhook_id=quote(str(webhook_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    webhook_id: int,
) -> WebhookResponse:
    """Get a webhook

    Scope of personal access tokens: `read`.

    Args:
        webhook_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        WebhookResponse,
        **_get_kwargs(
            webhook_id=webhook_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    webhook_id: int,
) -> WebhookResponse:
    """Get a webhook

    Scope of personal access tokens: `read`.

    Args:
        webhook_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        WebhookResponse,
        **_get_kwargs(
            webhook_id=webhook_id,
        ),
    )
