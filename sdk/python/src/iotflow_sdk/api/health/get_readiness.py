from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.readiness import Readiness


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/health/ready",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> Readiness:
    """Check whether the service is ready for traffic

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(Readiness, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> Readiness:
    """Check whether the service is ready for traffic

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(Readiness, **_get_kwargs())
