from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.alert_rule_response import AlertRuleResponse
from ...models.alert_rule_update import AlertRuleUpdate


def _get_kwargs(
    rule_id: int,
    *,
    body: AlertRuleUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "PUT",
        "path": "/api/v1/alert-rules/{rule_id}".format(
            rule_id=quote(str(rule_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    rule_id: int,
    *,
    body: AlertRuleUpdate,
) -> AlertRuleResponse:
    """Update an alert rule

    Its evaluation begins anew; open alerts of a rule that is disabled are resolved. Scope of personal
    access tokens: `write`.

    Args:
        rule_id (int):
        body (AlertRuleUpdate): Changes of an alert rule. Absent fields keep their values. The
            device or group of a rule does not change.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertRuleResponse,
        **_get_kwargs(
            rule_id=rule_id,
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    rule_id: int,
    *,
    body: AlertRuleUpdate,
) -> AlertRuleResponse:
    """Update an alert rule

    Its evaluation begins anew; open alerts of a rule that is disabled are resolved. Scope of personal
    access tokens: `write`.

    Args:
        rule_id (int):
        body (AlertRuleUpdate): Changes of an alert rule. Absent fields keep their values. The
            device or group of a rule does not change.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertRuleResponse,
        **_get_kwargs(
            rule_id=rule_id,
            body=body,
        ),
    )
