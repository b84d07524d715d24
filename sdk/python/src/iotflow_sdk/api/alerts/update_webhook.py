from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.webhook_response import WebhookResponse
from ...models.webhook_update import WebhookUpdate


def _get_kwargs(
    webhook_id: int,
    *,
    body: WebhookUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/webhooks/{webhook_id}".format(
            webhook_id=quote(str(webhook_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    webhook_id: int,
    *,
    body: WebhookUpdate,
) -> WebhookResponse:
    """Update a webhook

    Its rules stay with it, and deliveries that wait are sent by its new fields. Scope of personal
    access tokens: `write`.

    Args:
        webhook_id (int):
        body (WebhookUpdate): Changes of a webhook. Absent fields keep their values.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        WebhookResponse,
        **_get_kwargs(
            webhook_id=webhook_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    webhook_id: int,
    *,
    body: WebhookUpdate,
) -> WebhookResponse:
    """Update a webhook

    Its rules stay with it, and deliveries that wait are sent by its new fields. Scope of personal
    access tokens: `write`.

    Args:
        webhook_id (int):
        body (WebhookUpdate): Changes of a webhook. Absent fields keep their values.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        WebhookResponse,
        **_get_kwargs(
            webhook_id=webhook_id,
            body=body,
        ),
    )
