from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection


def _get_kwargs(
    device_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/admin/devices/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
) -> None:
    """Delete any user's device

    Its key stops working immediately; its telemetry is removed in the background.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            device_id=device_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
) -> None:
    """Delete any user's device

    Its key stops working immediately; its telemetry is removed in the background.

    Args:
        device_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            device_id=device_id,
        )
    )
