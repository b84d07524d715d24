from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.service_index import ServiceIndex


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> ServiceIndex:
    """Get the paths of the documentation

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(ServiceIndex, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> ServiceIndex:
    """Get the paths of the documentation

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(ServiceIndex, **_get_kwargs())
