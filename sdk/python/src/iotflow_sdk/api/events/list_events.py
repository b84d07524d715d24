from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.event_list import EventList
from ...models.event_type import EventType
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    event_type: EventType | Unset = UNSET,
    device_id: int | Unset = UNSET,
    user_id: str | Unset = UNSET,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_event_type: str | Unset = UNSET
    if not isinstance(event_type, Unset):
        json_event_type = event_type.value

    params["event_type"] = json_event_type

    params["device_id"] = device_id

    params["user_id"] = user_id

    params["start_time"] = start_time

    params["end_time"] = end_time

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/events",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    event_type: EventType | Unset = UNSET,
    device_id: int | Unset = UNSET,
    user_id: str | Unset = UNSET,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> EventList:
    """List events

    An event is a change of an account, device, group, key or config, and its author.

    The newest events come first. Users see the events of their account; administrators see all. Scope
    of personal access tokens: `read`.

    Args:
        event_type (EventType | Unset): The kind of a change.
        device_id (int | Unset):
        user_id (str | Unset):
        start_time (str | Unset):
        end_time (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        EventList,
        **_get_kwargs(
            event_type=event_type,
            device_id=device_id,
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
            limit=limit,
            cursor=cursor,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    event_type: EventType | Unset = UNSET,
    device_id: int | Unset = UNSET,
    user_id: str | Unset = UNSET,
    start_time: str | Unset = UNSET,
    end_time: str | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> EventList:
    """List events

    An event is a change of an account, device, group, key or config, and its author.

    The newest events come first. Users see the events of their account; administrators see all. Scope
    of personal access tokens: `read`.

    Args:
        event_type (EventType | Unset): The kind of a change.
        device_id (int | Unset):
        user_id (str | Unset):
        start_time (str | Unset):
        end_time (str | Unset):
        limit (int | Unset):  Default: 100.
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        EventList,
        **_get_kwargs(
            event_type=event_type,
            device_id=device_id,
            user_id=user_id,
            start_time=start_time,
            end_time=end_time,
            limit=limit,
            cursor=cursor,
        ),
    )
