from typing import Any
from urllib.parse import quote
from uuid import UUID

from ...connection import AsyncConnection, Connection
from ...models.alert_response import AlertResponse


def _get_kwargs(
    alert_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/alerts/{alert_id}/resolve".format(
            alert_id=quote(str(alert_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    alert_id: UUID,
) -> AlertResponse:
    """Resolve an active or acknowledged alert

    Its rule raises the next one after its condition has cleared. Scope of personal access tokens:
    `write`.

    Args:
        alert_id (UUID):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertResponse,
        **_get_kwargs(
            alert_id=alert_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    alert_id: UUID,
) -> AlertResponse:
    """Resolve an active or acknowledged alert

    Its rule raises the next one after its condition has cleared. Scope of personal access tokens:
    `write`.

    Args:
        alert_id (UUID):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertResponse,
        **_get_kwargs(
            alert_id=alert_id,
        ),
    )
