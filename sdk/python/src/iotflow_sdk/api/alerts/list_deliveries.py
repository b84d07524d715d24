from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.delivery_list import DeliveryList
from ...models.delivery_status import DeliveryStatus
from ...types import UNSET, Unset


def _get_kwargs(
    webhook_id: int,
    *,
    status: DeliveryStatus | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/webhooks/{webhook_id}/deliveries".format(
            webhook_id=quote(str(webhook_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    webhook_id: int,
    *,
    status: DeliveryStatus | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> DeliveryList:
    """List the deliveries of a webhook, the newest first

    They are those that wait, and the latest ones that are delivered or dead. Scope of personal access
    tokens: `read`.

    Args:
        webhook_id (int):
        status (DeliveryStatus | Unset): The place of a delivery in its life cycle.
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeliveryList,
        **_get_kwargs(
            webhook_id=webhook_id,
            status=status,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    webhook_id: int,
    *,
    status: DeliveryStatus | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> DeliveryList:
    """List the deliveries of a webhook, the newest first

    They are those that wait, and the latest ones that are delivered or dead. Scope of personal access
    tokens: `read`.

    Args:
        webhook_id (int):
        status (DeliveryStatus | Unset): The place of a delivery in its life cycle.
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeliveryList,
        **_get_kwargs(
            webhook_id=webhook_id,
            status=status,
            limit=limit,
            offset=offset,
        ),
    )
