from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_with_key_response import DeviceWithKeyResponse
from ...models.key_rotation import KeyRotation
from ...types import UNSET, Unset


def _get_kwargs(
    device_id: int,
    *,
    body: KeyRotation | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/devices/{device_id}/credentials/rotate".format(
            device_id=quote(str(device_id), safe=""),
        ),
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    body: KeyRotation | Unset = UNSET,
) -> DeviceWithKeyResponse:
    """Rotate a device's API key

    The previous key works until the grace period ends; older keys stop working. Scope of personal
    access tokens: `write`.

    Args:
        device_id (int):
        body (KeyRotation | Unset): Options of a key rotation.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceWithKeyResponse,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    body: KeyRotation | Unset = UNSET,
) -> DeviceWithKeyResponse:
    """Rotate a device's API key

    The previous key works until the grace period ends; older keys stop working. Scope of personal
    access tokens: `write`.

    Args:
        device_id (int):
        body (KeyRotation | Unset): Options of a key rotation.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceWithKeyResponse,
        **_get_kwargs(
            device_id=device_id,
            body=body,
        ),
    )
