from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.alert_rule_response import AlertRuleResponse


def _get_kwargs(
    rule_id: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/alert-rules/{rule_id}".format(
            rule_id=quote(str(rule_id), safe=""),
        ),
    }

    return _kwargs


def sync(
    connection: Connection,
    rule_id: int,
) -> AlertRuleResponse:
    """Get an alert rule

    Scope of personal access tokens: `read`.

    Args:
        rule_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertRuleResponse,
        **_get_kwargs(
            rule_id=rule_id,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    rule_id: int,
) -> AlertRuleResponse:
    """Get an alert rule

    Scope of personal access tokens: `read`.

    Args:
        rule_id (int):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertRuleResponse,
        **_get_kwargs(
            rule_id=rule_id,
        ),
    )
