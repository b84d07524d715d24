from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.heartbeat import Heartbeat


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/devices/heartbeat",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> Heartbeat:
    """Send a heartbeat

    Every request of a device counts as one.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(Heartbeat, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> Heartbeat:
    """Send a heartbeat

    Every request of a device counts as one.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(Heartbeat, **_get_kwargs())
