from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.device_config import DeviceConfig
from ...models.device_self_update import DeviceSelfUpdate


def _get_kwargs(
    *,
    body: DeviceSelfUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/devices/config",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: DeviceSelfUpdate,
) -> DeviceConfig:
    """Update the calling device's state and settings

    A device cannot end its maintenance.

    Args:
        body (DeviceSelfUpdate): What a device reports about itself. Absent fields keep their
            values; null clears a field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceConfig,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: DeviceSelfUpdate,
) -> DeviceConfig:
    """Update the calling device's state and settings

    A device cannot end its maintenance.

    Args:
        body (DeviceSelfUpdate): What a device reports about itself. Absent fields keep their
            values; null clears a field.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceConfig,
        **_get_kwargs(
            body=body,
        ),
    )
