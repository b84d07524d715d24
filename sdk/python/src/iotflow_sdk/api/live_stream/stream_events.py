from typing import Any

from ...connection import AsyncConnection, Connection
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    device_id: int | Unset = UNSET,
    group_id: int | Unset = UNSET,
    types: str | Unset = "telemetry,alert,status",
    last_event_id: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(last_event_id, Unset):
        headers["Last-Event-ID"] = last_event_id

    params: dict[str, Any] = {}

    params["device_id"] = device_id

    params["group_id"] = group_id

    params["types"] = types

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/stream",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def sync(
    connection: Connection,
    *,
    device_id: int | Unset = UNSET,
    group_id: int | Unset = UNSET,
    types: str | Unset = "telemetry,alert,status",
    last_event_id: str | Unset = UNSET,
) -> None:
    """Stream live events of the caller's devices

    They are server-sent events: `telemetry` (`device_id`, `timestamp`, `measurements`, null for more
    than 8 KiB),
    `alert` (the `alert` that was raised or changed), `status` (`device_id`, `event_type`, `timestamp`,
    `details`),
    `missed` (events before it may be missing), and `end` with a `reason`: `stopping`, `credentials`,
    `deleted` or
    `slow`. A comment every 15 s keeps the connection alive. Scope of personal access tokens: `read`.

    Args:
        device_id (int | Unset):
        group_id (int | Unset):
        types (str | Unset):  Default: 'telemetry,alert,status'.
        last_event_id (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    connection.request(
        **_get_kwargs(
            device_id=device_id,
            group_id=group_id,
            types=types,
            last_event_id=last_event_id,
        )
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    device_id: int | Unset = UNSET,
    group_id: int | Unset = UNSET,
    types: str | Unset = "telemetry,alert,status",
    last_event_id: str | Unset = UNSET,
) -> None:
    """Stream live events of the caller's devices

    They are server-sent events: `telemetry` (`device_id`, `timestamp`, `measurements`, null for more
    than 8 KiB),
    `alert` (the `alert` that was raised or changed), `status` (`device_id`, `event_type`, `timestamp`,
    `details`),
    `missed` (events before it may be missing), and `end` with a `reason`: `stopping`, `credentials`,
    `deleted` or
    `slow`. A comment every 15 s keeps the connection alive. Scope of personal access tokens: `read`.

    Args:
        device_id (int | Unset):
        group_id (int | Unset):
        types (str | Unset):  Default: 'telemetry,alert,status'.
        last_event_id (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    await connection.request(
        **_get_kwargs(
            device_id=device_id,
            group_id=group_id,
            types=types,
            last_event_id=last_event_id,
        )
    )
