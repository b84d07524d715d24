from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_response import DeviceResponse
from ...models.device_update import DeviceUpdate


def _get_kwargs(
    device_id: int,
    *,
    body: DeviceUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PATCH",
        "path": "/api/v1/devices/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: DeviceUpdate,
) -> DeviceResponse:
    """Update a device

    Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        body (DeviceUpdate): Changes of a device. Absent fields keep their values; null clears a
            field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceResponse,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: DeviceUpdate,
) -> DeviceResponse:
    """Update a device

    Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        body (DeviceUpdate): Changes of a device. Absent fields keep their values; null clears a
            field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceResponse,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )
