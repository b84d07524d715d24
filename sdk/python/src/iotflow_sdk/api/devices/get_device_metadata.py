from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_metadata import DeviceMetadata


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/{device_id}/metadata".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> DeviceMetadata:
    """Get a device's metadata

    Empty before the first change. Scope of personal access tokens: `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceMetadata,
        **_get_kwargs(
            device_id=device_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> DeviceMetadata:
    """Get a device's metadata

    Empty before the first change. Scope of personal access tokens: `read`.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceMetadata,
        **_get_kwargs(
            device_id=device_id,
        ),
    )
