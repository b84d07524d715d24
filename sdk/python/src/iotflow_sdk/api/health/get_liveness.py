from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.liveness import Liveness


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/health/live",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> Liveness:
    """Check that the process runs

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(Liveness, **_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> Liveness:
    """Check that the process runs

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(Liveness, **_get_kwargs())
