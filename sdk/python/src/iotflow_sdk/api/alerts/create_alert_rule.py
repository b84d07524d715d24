from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.alert_rule_create import AlertRuleCreate
from ...models.alert_rule_response import AlertRuleResponse


def _get_kwargs(
    *,
    body: AlertRuleCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/alert-rules",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: AlertRuleCreate,
) -> AlertRuleResponse:
    """Create an alert rule

    It is evaluated as readings arrive, by their event time.

    Late readings are ignored: nothing is raised for the past. A rule of a group also covers devices
    that join later. Scope of personal access tokens: `write`.

    Args:
        body (AlertRuleCreate): An alert rule to create. It covers either a device or the devices
            of a group.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertRuleResponse,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: AlertRuleCreate,
) -> AlertRuleResponse:
    """Create an alert rule

    It is evaluated as readings arrive, by their event time.

    Late readings are ignored: nothing is raised for the past. A rule of a group also covers devices
    that join later. Scope of personal access tokens: `write`.

    Args:
        body (AlertRuleCreate): An alert rule to create. It covers either a device or the devices
            of a group.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertRuleResponse,
        **_get_kwargs(
            body=body,
        ),
    )
