from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.device_create import DeviceCreate
from ...models.device_with_key_response import DeviceWithKeyResponse


def _get_kwargs(
    *,
    body: DeviceCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/devices/register",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: DeviceCreate,
) -> DeviceWithKeyResponse:
    """Register a device

    The response contains its API key, which is not shown again. Scope of personal access tokens:
    `write`.

    Args:
        body (DeviceCreate): A device to register.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceWithKeyResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: DeviceCreate,
) -> DeviceWithKeyResponse:
    """Register a device

    The response contains its API key, which is not shown again. Scope of personal access tokens:
    `write`.

    Args:
        body (DeviceCreate): A device to register.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceWithKeyResponse,
        **_get_kwargs(
            body=body,
        ),
    )
