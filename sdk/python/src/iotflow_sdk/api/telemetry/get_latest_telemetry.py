from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.latest_values import LatestValues


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/telemetry/{device_id}/latest".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> LatestValues:
    """Get a device's latest values

    Latest by event time: late data never replaces newer values. Scope of personal access tokens:
    `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        LatestValues,
        **_get_kwargs(
            device_id=device_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> LatestValues:
    """Get a device's latest values

    Latest by event time: late data never replaces newer values. Scope of personal access tokens:
    `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        LatestValues,
        **_get_kwargs(
            device_id=device_id,
        ),
    )
