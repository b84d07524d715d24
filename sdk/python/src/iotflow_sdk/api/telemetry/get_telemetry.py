from typing import Any
from urllib.parse import quote

from ...connection import AsyncConnection, Connection
from ...models.get_telemetry_order import GetTelemetryOrder
from ...models.telemetry_record_page import TelemetryRecordPage
from ...types import UNSET, Unset


def _get_kwargs(
    device_id: int,
    *,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    fields: str | Unset = UNSET,
    limit: int | Unset = 1000,
    cursor: str | Unset = UNSET,
    order: GetTelemetryOrder | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["start_time"] = start_time

    params["end_time"] = end_time

    params["fields"] = fields

    params["limit"] = limit

    params["cursor"] = cursor

    json_order: str | Unset = UNSET
    if not isinstance(order, Unset):
        json_order = order.value

    params["order"] = json_order

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/telemetry/{device_id}".format(
            device_id=quote(str(device_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    device_id: int,
    *,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    fields: str | Unset = UNSET,
    limit: int | Unset = 1000,
    cursor: str | Unset = UNSET,
    order: GetTelemetryOrder | Unset = UNSET,
) -> TelemetryRecordPage:
    """List a device's records within a time range

    A page also ends at 100,000 values or 8 MiB, never within a record: follow `next_cursor` until it is
    null.
    `Accept: text/csv` returns CSV: the column `timestamp` and one of each name (of `fields`, or all of
    the device's),
    no metadata; the header `Link` has the next page. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        start_time (str | Unset):
        end_time (str | Unset):
        fields (str | Unset):
        limit (int | Unset):  Default: 1000.
        cursor (str | Unset):
        order (GetTelemetryOrder | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        TelemetryRecordPage,
        **_get_kwargs(
            device_id=device_id,
            start_time=start_time,
            end_time=end_time,
            fields=fields,
            limit=limit,
            cursor=cursor,
            order=order,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    device_id: int,
    *,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    fields: str | Unset = UNSET,
    limit: int | Unset = 1000,
    cursor: str | Unset = UNSET,
    order: GetTelemetryOrder | Unset = UNSET,
) -> TelemetryRecordPage:
    """List a device's records within a time range

    A page also ends at 100,000 values or 8 MiB, never within a record: follow `next_cursor` until it is
    null.
    `Accept: text/csv` returns CSV: the column `timestamp` and one of each name (of `fields`, or all of
    the device's),
    no metadata; the header `Link` has the next page. Scope of personal access tokens: `read`.

    Args:
        device_id (int):
        start_time (str | Unset):
        end_time (str | Unset):
        fields (str | Unset):
        limit (int | Unset):  Default: 1000.
        cursor (str | Unset):
        order (GetTelemetryOrder | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        TelemetryRecordPage,
        **_get_kwargs(
            device_id=device_id,
            start_time=start_time,
            end_time=end_time,
            fields=fields,
            limit=limit,
            cursor=cursor,
            order=order,
        ),
    )
