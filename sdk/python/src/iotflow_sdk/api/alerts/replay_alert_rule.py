from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.alert_rule_test import AlertRuleTest
from ...models.alert_rule_test_result import AlertRuleTestResult


def _get_kwargs(
    *,
    body: AlertRuleTest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "POST",
        "path": "/api/v1/alert-rules/test",
    }

    _kwargs["json"] = body.to_dict()

    return _kwargs


def sync(
    connection: Connection,
    *,
    body: AlertRuleTest,
) -> AlertRuleTestResult:
    """Replay a rule over stored records

    The response lists when it would have fired; no alert is raised.

    Conditions that readings alone never fulfil, `offline` and `no_data`, cannot be replayed. Scope of
    personal access tokens: `read`.

    Args:
        body (AlertRuleTest): A rule to replay over the stored records of a device.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertRuleTestResult,
        **_get_kwargs(
            body=body,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    body: AlertRuleTest,
) -> AlertRuleTestResult:
    """Replay a rule over stored records

    The response lists when it would have fired; no alert is raised.

    Conditions that readings alone never fulfil, `offline` and `no_data`, cannot be replayed. Scope of
    personal access tokens: `read`.

    Args:
        body (AlertRuleTest): A rule to replay over the stored records of a device.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertRuleTestResult,
        **_get_kwargs(
            body=body,
        ),
    )
