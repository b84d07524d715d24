from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.alert_rule_list import AlertRuleList
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    device_id: int | Unset = UNSET,
    group_id: int | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["device_id"] = device_id

    params["group_id"] = group_id

    params["limit"] = limit

    params["offset"] = offset

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/alert-rules",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    device_id: int | Unset = UNSET,
    group_id: int | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> AlertRuleList:
    """List the caller's alert rules

    Administrators see all. Scope of personal access tokens: `read`.

    Args:
        device_id (int | Unset):
        group_id (int | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertRuleList,
        **_get_kwargs(
            device_id=device_id,
            group_id=group_id,
            limit=limit,
            offset=offset,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    device_id: int | Unset = UNSET,
    group_id: int | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = 0,
) -> AlertRuleList:
    """List the caller's alert rules

    Administrators see all. Scope of personal access tokens: `read`.

    Args:
        device_id (int | Unset):
        group_id (int | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):  Default: 0.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertRuleList,
        **_get_kwargs(
            device_id=device_id,
            group_id=group_id,
            limit=limit,
            offset=offset,
        ),
    )
