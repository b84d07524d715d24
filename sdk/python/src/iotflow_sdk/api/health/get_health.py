from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.health import Health
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    detailed: bool | Unset = False,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["detailed"] = detailed

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/health",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    detailed: bool | Unset = False,
) -> Health:
    """Get the health of the service

    Args:
        detailed (bool | Unset):  Default: False.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        Health,
        **_get_kwargs(
            detailed=detailed,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    detailed: bool | Unset = False,
) -> Health:
    """Get the health of the service

    Args:
        detailed (bool | Unset):  Default: False.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        Health,
        **_get_kwargs(
            detailed=detailed,
        ),
    )
