from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.alert_list import AlertList
from ...models.alert_status import AlertStatus
from ...models.alert_type import AlertType
from ...models.severity import Severity
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    status: AlertStatus | Unset = UNSET,
    severity: Severity | Unset = UNSET,
    alert_type: AlertType | Unset = UNSET,
    device_id: int | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    json_severity: str | Unset = UNSET
    if not isinstance(severity, Unset):
        json_severity = severity.value

    params["severity"] = json_severity

    json_alert_type: str | Unset = UNSET
    if not isinstance(alert_type, Unset):
        json_alert_type = alert_type.value

    params["alert_type"] = json_alert_type

    params["device_id"] = device_id

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/alerts",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    status: AlertStatus | Unset = UNSET,
    severity: Severity | Unset = UNSET,
    alert_type: AlertType | Unset = UNSET,
    device_id: int | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> AlertList:
    """List alerts, the newest first

    Users see the alerts of their devices; administrators see all.

    A page also ends at 1 MiB of `details`: follow `next_cursor` until it is null. Scope of personal
    access tokens: `read`.

    Args:
        status (AlertStatus | Unset): The place of an alert in its life cycle.
        severity (Severity | Unset): How much an alert matters.
        alert_type (AlertType | Unset): What an alert is about.
        device_id (int | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AlertList,
        **_get_kwargs(
            status=status,
            severity=severity,
            alert_type=alert_type,
            device_id=device_id,
            limit=limit,
            cursor=cursor,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    status: AlertStatus | Unset = UNSET,
    severity: Severity | Unset = UNSET,
    alert_type: AlertType | Unset = UNSET,
    device_id: int | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> AlertList:
    """List alerts, the newest first

    Users see the alerts of their devices; administrators see all.

    A page also ends at 1 MiB of `details`: follow `next_cursor` until it is null. Scope of personal
    access tokens: `read`.

    Args:
        status (AlertStatus | Unset): The place of an alert in its life cycle.
        severity (Severity | Unset): How much an alert matters.
        alert_type (AlertType | Unset): What an alert is about.
        device_id (int | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AlertList,
        **_get_kwargs(
            status=status,
            severity=severity,
            alert_type=alert_type,
            device_id=device_id,
            limit=limit,
            cursor=cursor,
        ),
    )
