from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_forecast import DeviceForecast
from ...types import UNSET, Unset


def _get_kwargs(
    device_id: int,
    *,
    field: str,
    hours: int | Unset = 24,
    start_time: str | Unset = "-14d",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["field"] = field

    params["hours"] = hours

    params["start_time"] = start_time

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/analytics/devices/{device_id}/forecast".format(
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
    hours: int | Unset = 24,
    start_time: str | Unset = "-14d",
) -> DeviceForecast:
    """Forecast the hourly means of a measurement

    From the current hour on, with intervals and a backtest. The history has at most 14 days; from three
    days on, the
    forecast has a daily season. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        field (str):
        hours (int | Unset):  Default: 24.
        start_time (str | Unset):  Default: '-14d'.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceForecast,
        **_get_kwargs(
            device_id=device_id,
            field=field,
            hours=hours,
            start_time=start_time,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    field: str,
    hours: int | Unset = 24,
    start_time: str | Unset = "-14d",
) -> DeviceForecast:
    """Forecast the hourly means of a measurement

    From the current hour on, with intervals and a backtest. The history has at most 14 days; from three
    days on, the
    forecast has a daily season. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        field (str):
        hours (int | Unset):  Default: 24.
        start_time (str | Unset):  Default: '-14d'.

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceForecast,
        **_get_kwargs(
            device_id=device_id,
            field=field,
            hours=hours,
            start_time=start_time,
        ),
    )
