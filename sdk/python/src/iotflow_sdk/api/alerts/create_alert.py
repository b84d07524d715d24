from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.alert_create import AlertCreate
from ...models.alert_response import AlertResponse


def _get_kwargs(
    *,
    body: AlertCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/alerts",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: AlertCreate,
) -> AlertResponse:
    """Raise an alert about a device by hand

    Scope of personal access tokens: `write`.

    Args:
        body (AlertCreate): An alert to raise by hand.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: AlertCreate,
) -> AlertResponse:
    """Raise an alert about a device by hand

    Scope of personal access tokens: `write`.

    Args:
        body (AlertCreate): An alert to raise by hand.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertResponse,
        **_get_kwargs(
            body=body,
        ),
    )
