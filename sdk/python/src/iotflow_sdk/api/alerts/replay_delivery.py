from typing import Any
from urllib.parse import quote
from uuid import UUID

from ...connection import AsyncConnection, Connection
from ...models.delivery_response import DeliveryResponse


def _get_kwargs(
    webhook_id: int,
    delivery_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay".format(
            webhook_id=quote(str(webhook_id), safe=""),
            delivery_id=quote(str(delivery_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    webhook_id: int,
    delivery_id: UUID,
) -> DeliveryResponse:
    """Send a delivery again that is delivered or dead

    It keeps its id, and has all its attempts. Scope of personal access tokens: `write`.

    Args:
        webhook_id (int):
        delivery_id (UUID):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeliveryResponse,
        **_get_kwargs(
            webhook_id=webhook_id,
            delivery_id=delivery_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    webhook_id: int,
    delivery_id: UUID,
) -> DeliveryResponse:
    """Send a delivery again that is delivered or dead

    It keeps its id, and has all its attempts. Scope of personal access tokens: `write`.

    Args:
        webhook_id (int):
        delivery_id (UUID):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeliveryResponse,
        **_get_kwargs(
            webhook_id=webhook_id,
            delivery_id=delivery_id,
        ),
    )
