from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.aggregate_result import AggregateResult
from ...models.aggregation import Aggregation
from ...types import UNSET, Unset


def _get_kwargs(
    device_id: int,
    *,
    field: str,
    aggregation: Aggregation,
    window: str,
    start_time: str | Unset = "-24h",
    end_time: str | Unset = UNSET,
    timezone: str | Unset = "UTC",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["field"] = field

    json_aggregation = aggregation.value
    params["aggregation"] = json_aggregation

    params["window"] = window

    params["start_time"] = start_time

    params["end_time"] = end_time

    params["timezone"] = timezone

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/telemetry/{device_id}/aggregated".format(
            device_id=quote(str(device_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    field: str,
    aggregation: Aggregation,
    window: str,
    start_time: str | Unset = "-24h",
    end_time: str | Unset = UNSET,
    timezone: str | Unset = "UTC",
) -> AggregateResult:
    """Aggregate a measurement by time window

    Windows without values are omitted.

    `Accept: text/csv` returns CSV with the columns `timestamp`, `value` and `count`. Scope of personal
    access tokens: `read`.

    Args:
        device_id (int):
        field (str):
        aggregation (Aggregation): A statistic of the values in a window.
        window (str):
        start_time (str | Unset):  Default: '-24h'.
        end_time (str | Unset):
        timezone (str | Unset):  Default: 'UTC'.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        AggregateResult,
        **_get_kwargs(
            device_id=device_id,
            field=field,
            aggregation=aggregation,
            window=window,
            start_time=start_time,
            end_time=end_time,
            timezone=timezone,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    field: str,
    aggregation: Aggregation,
    window: str,
    start_time: str | Unset = "-24h",
    end_time: str | Unset = UNSET,
    timezone: str | Unset = "UTC",
) -> AggregateResult:
    """Aggregate a measurement by time window

    Windows without values are omitted.

    `Accept: text/csv` returns CSV with the columns `timestamp`, `value` and `count`. Scope of personal
    access tokens: `read`.

    Args:
        device_id (int):
        field (str):
        aggregation (Aggregation): A statistic of the values in a window.
        window (str):
        start_time (str | Unset):  Default: '-24h'.
        end_time (str | Unset):
        timezone (str | Unset):  Default: 'UTC'.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        AggregateResult,
        **_get_kwargs(
            device_id=device_id,
            field=field,
            aggregation=aggregation,
            window=window,
            start_time=start_time,
            end_time=end_time,
            timezone=timezone,
        ),
    )
