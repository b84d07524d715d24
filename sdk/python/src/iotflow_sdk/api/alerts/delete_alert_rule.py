from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection


def _get_kwargs(
    rule_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "DELETE",
        "path": "/api/v1/alert-rules/{rule_id}".format(
            rule_id=quote(str(rule_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    rule_id: int,
) -> None:
    """Delete an alert rule

    Its open alerts are resolved within seconds. Scope of personal access tokens: `write`.

    Args:
        rule_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            rule_id=rule_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    rule_id: int,
) -> None:
    """Delete an alert rule

    Its open alerts are resolved within seconds. Scope of personal access tokens: `write`.

    Args:
        rule_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            rule_id=rule_id,
        )
    )
