from typing import Any

from ...connection import AsyncConnection, Connection


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/auth/logout",
    }

    return _kwargs


def sync(
    connection: Connection,
) -> None:
    """Log out

    Revokes the access token of the request.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(**_get_kwargs())


async def asyncio(
    connection: AsyncConnection,
) -> None:
    """Log out

    Revokes the access token of the request.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(**_get_kwargs())
