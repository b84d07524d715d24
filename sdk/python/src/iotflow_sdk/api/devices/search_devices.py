from typing import Any

from ...connection import AsyncConnection, Connection
from ...models.found_device_list import FoundDeviceList
from ...types import UNSET, Unset


def _get_kwargs(
    *,
    tag: str | Unset = UNSET,
    attribute: str | Unset = UNSET,
    near: str | Unset = UNSET,
    radius_m: float | Unset = UNSET,
    bbox: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["tag"] = tag

    params["attribute"] = attribute

    params["near"] = near

    params["radius_m"] = radius_m

    params["bbox"] = bbox

    params["limit"] = limit

    params["offset"] = offset

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v1/devices/search",
        "params": params,
    }

    return _kwargs


def sync(
    connection: Connection,
    *,
    tag: str | Unset = UNSET,
    attribute: str | Unset = UNSET,
    near: str | Unset = UNSET,
    radius_m: float | Unset = UNSET,
    bbox: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> FoundDeviceList:
    """Search your devices by their metadata

    All conditions hold; without one, all devices that have metadata match. Scope of personal access
    tokens: `read`.

    Args:
        tag (str | Unset):
        attribute (str | Unset):
        near (str | Unset):
        radius_m (float | Unset):
        bbox (str | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return connection.call(
        FoundDeviceList,
        **_get_kwargs(
            tag=tag,
            attribute=attribute,
            near=near,
            radius_m=radius_m,
            bbox=bbox,
            limit=limit,
            offset=offset,
            cursor=cursor,
        ),
    )


async def asyncio(
    connection: AsyncConnection,
    *,
    tag: str | Unset = UNSET,
    attribute: str | Unset = UNSET,
    near: str | Unset = UNSET,
    radius_m: float | Unset = UNSET,
    bbox: str | Unset = UNSET,
    limit: int | Unset = 100,
    offset: int | Unset = UNSET,
    cursor: str | Unset = UNSET,
) -> FoundDeviceList:
    """Search your devices by their metadata

    All conditions hold; without one, all devices that have metadata match. Scope of personal access
    tokens: `read`.

    Args:
        tag (str | Unset):
        attribute (str | Unset):
        near (str | Unset):
        radius_m (float | Unset):
        bbox (str | Unset):
        limit (int | Unset):  Default: 100.
        offset (int | Unset):
        cursor (str | Unset):

    Raises:
        IoTFlowError: see `iotflow_sdk.errors`.
    """

    return await connection.call(
        FoundDeviceList,
        **_get_kwargs(
            tag=tag,
            attribute=attribute,
            near=near,
            radius_m=radius_m,
            bbox=bbox,
            limit=limit,
            offset=offset,
            cursor=cursor,
        ),
    )
