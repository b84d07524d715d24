from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.webhook_with_secret import WebhookWithSecret


def _get_kwargs(
    webhook_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/webhooks/{webhook_id}/secret".format(
            webhook_id=quote(str(webhook_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    webhook_id: int,
) -> WebhookWithSecret:
    """Replace the secret of a webhook

    The former one signs nothing from now on. Scope of personal access tokens: `write`.

    Args:
        webhook_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        WebhookWithSecret,
        **_get_kwargs(
            webhook_id=webhook_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    webhook_id: int,
) -> WebhookWithSecret:
    """Replace the secret of a webhook

    The former one signs nothing from now on. Scope of personal access tokens: `write`.

    Args:
        webhook_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        WebhookWithSecret,
        **_get_kwargs(
            webhook_id=webhook_id,
        ),
    )
