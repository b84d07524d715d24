from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.service_status import ServiceStatus


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/status",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> ServiceStatus:
    """Get the version, uptime and databases of the service

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(ServiceStatus, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> ServiceStatus:
    """Get the version, uptime and databases of the service

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(ServiceStatus, **_get_kwargs())
