from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.webhook_create import WebhookCreate
from ...models.webhook_with_secret import WebhookWithSecret


def _get_kwargs(
    *,
    body: WebhookCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/webhooks",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: WebhookCreate,
) -> WebhookWithSecret:
    """Create a webhook

    The response contains its secret, which is not shown again.

    It receives the alerts of the rules whose `webhook_url` is its URL. Requests are signed as Standard
    Webhooks
    describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`), and repeated until the receiver
    answers 2xx. Scope of personal access tokens: `write`.

    Args:
        body (WebhookCreate): A webhook to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        WebhookWithSecret,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: WebhookCreate,
) -> WebhookWithSecret:
    """Create a webhook

    The response contains its secret, which is not shown again.

    It receives the alerts of the rules whose `webhook_url` is its URL. Requests are signed as Standard
    Webhooks
    describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`), and repeated until the receiver
    answers 2xx. Scope of personal access tokens: `write`.

    Args:
        body (WebhookCreate): A webhook to create.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        WebhookWithSecret,
        **_get_kwargs(
            body=body,
        ),
    )
