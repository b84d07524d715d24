from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection


def _get_kwargs(
    user_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/users/{user_id}".format(
            user_id=quote(str(user_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    user_id: str,
) -> None:
    """Delete an account, its devices, groups and telemetry

    Its events are kept, without names and addresses.

    Args:
        user_id (str):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            user_id=user_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    user_id: str,
) -> None:
    """Delete an account, its devices, groups and telemetry

    Its events are kept, without names and addresses.

    Args:
        user_id (str):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            user_id=user_id,
        )
    )
