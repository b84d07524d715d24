from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_with_presence_response import DeviceWithPresenceResponse


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/{device_id}/status".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> DeviceWithPresenceResponse:
    """Get a device and its presence

    Also the newest time of its telemetry. Scope of personal access tokens: `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceWithPresenceResponse,
        **_get_kwargs(
            device_id=device_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> DeviceWithPresenceResponse:
    """Get a device and its presence

    Also the newest time of its telemetry. Scope of personal access tokens: `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceWithPresenceResponse,
        **_get_kwargs(
            device_id=device_id,
        ),
    )
