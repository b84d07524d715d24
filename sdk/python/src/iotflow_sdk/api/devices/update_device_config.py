from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_config import DeviceConfig
from ...models.device_config_update import DeviceConfigUpdate


def _get_kwargs(
    device_id: int,
    *,
    body: DeviceConfigUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/devices/{device_id}/config".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: DeviceConfigUpdate,
) -> DeviceConfig:
    """Replace a device's settings

    The version rises by one. Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        body (DeviceConfigUpdate): New settings of a device, which replace all previous ones.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceConfig,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: DeviceConfigUpdate,
) -> DeviceConfig:
    """Replace a device's settings

    The version rises by one. Scope of personal access tokens: `write`.

    Args:
        device_id (int):
        body (DeviceConfigUpdate): New settings of a device, which replace all previous ones.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceConfig,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )
