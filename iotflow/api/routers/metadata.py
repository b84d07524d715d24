"""Routes about devices' metadata, for their owners and administrators, and the search by it."""

from typing import Annotated

import msgspec
from fastapi import Request, Response

from iotflow.api.auth import UserReadContext, UserWriteContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import Limit, Offset, Page, foreign_cursor, open_page
from iotflow.api.parameters import Cursor, DeviceId
from iotflow.api.responses import json_response, list_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.devices import dump_device
from iotflow.api.schemas.metadata import DeviceMetadata, DeviceMetadataUpdate, FoundDeviceList, dump_metadata
from iotflow.api.search_parameters import NAMES, Attribute, Bbox, Near, Radius, Tag, parse_search
from iotflow.domain.devices import MAX_ID
from iotflow.domain.errors import InvalidInput
from iotflow.domain.metadata import MetadataFilter
from iotflow.domain.principals import UserPrincipal

router = api_router("Devices")


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cursor's position: after the device with this id."""

    device_id: Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]


@router.get("/devices/search", operation_id="search_devices", response_model=FoundDeviceList)
async def search_devices(
    context: UserReadContext,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    tag: Tag | None = None,
    attribute: Attribute | None = None,
    near: Near | None = None,
    radius_m: Radius | None = None,
    bbox: Bbox | None = None,
    limit: Limit = 100,
    offset: Offset = 0,
    cursor: Cursor = None,
) -> Response:
    """Search your devices by their metadata. All conditions hold; without one, all devices that have metadata match."""
    page = open_page(
        f"devices found for {context.principal.user_id}",
        request.query_params,
        dict.fromkeys(NAMES),
        Position,
        clock.now(),
    )
    after = page.position.device_id if page.position else 0
    found = await services.metadata.search(context, _filter(page, context.principal), limit, offset, after)
    next_cursor = None if found.next_after is None else page.cursor(Position(found.next_after))
    meta = {"total": found.total, "limit": limit, "offset": offset}
    return await list_response({}, "devices", found.devices, dump_device, {"meta": meta, "next_cursor": next_cursor})


@router.get(
    "/devices/{device_id:digits}/metadata",
    operation_id="get_device_metadata",
    response_model=DeviceMetadata,
    responses=problem_responses(404),
)
async def get_device_metadata(context: UserReadContext, device_id: DeviceId, services: ServicesDep) -> Response:
    """Get a device's metadata. Empty before the first change."""
    return json_response(dump_metadata(await services.metadata.get(context, device_id)))


@router.put(
    "/devices/{device_id:digits}/metadata",
    operation_id="set_device_metadata",
    response_model=DeviceMetadata,
    responses=problem_responses(404),
)
async def set_device_metadata(
    context: UserWriteContext, device_id: DeviceId, body: DeviceMetadataUpdate, services: ServicesDep
) -> Response:
    """Set a device's tags, attributes and position. The same as PATCH: absent fields keep their values."""
    return json_response(dump_metadata(await services.metadata.update(context, device_id, body.change())))


@router.patch(
    "/devices/{device_id:digits}/metadata",
    operation_id="update_device_metadata",
    response_model=DeviceMetadata,
    responses=problem_responses(404),
)
async def update_device_metadata(
    context: UserWriteContext, device_id: DeviceId, body: DeviceMetadataUpdate, services: ServicesDep
) -> Response:
    """Update some of a device's metadata. Given fields are replaced as a whole."""
    return json_response(dump_metadata(await services.metadata.update(context, device_id, body.change())))


def _filter(page: Page[Position], caller: UserPrincipal) -> MetadataFilter:
    """Return the filter of a page. Raises InvalidInput; of a cursor, for values that the query would not accept."""
    try:
        return parse_search(caller.user_id, page.query)
    except InvalidInput:
        if page.position is None:
            raise
        raise foreign_cursor() from None
