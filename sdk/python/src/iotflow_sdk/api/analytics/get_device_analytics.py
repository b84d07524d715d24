from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.device_analytics import DeviceAnalytics
from ...types import UNSET, Unset


def _get_kwargs(
    device_id: int,
    *,
    start_time: str | Unset = "-24h",
    end_time: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["start_time"] = start_time

    params["end_time"] = end_time

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/analytics/devices/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    start_time: str | Unset = "-24h",
    end_time: str | Unset = UNSET,
) -> DeviceAnalytics:
    """Summarize what a device measured and sent

    The time range has at most 400 days.

    Statistics of each name with numbers, by event time; messages per day and uptime, by time of
    receipt. Booleans and
    texts are left out. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        start_time (str | Unset):  Default: '-24h'.
        end_time (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        DeviceAnalytics,
        **_get_kwargs(
            device_id=device_id,
            start_time=start_time,
            end_time=end_time,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    start_time: str | Unset = "-24h",
    end_time: str | Unset = UNSET,
) -> DeviceAnalytics:
    """Summarize what a device measured and sent

    The time range has at most 400 days.

    Statistics of each name with numbers, by event time; messages per day and uptime, by time of
    receipt. Booleans and
    texts are left out. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        start_time (str | Unset):  Default: '-24h'.
        end_time (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        DeviceAnalytics,
        **_get_kwargs(
            device_id=device_id,
            start_time=start_time,
            end_time=end_time,
        ),
    )
