"""Routes about groups of devices."""

from typing import Annotated

from fastapi import Query, Response

from iotflow.api.auth import UserReadContext, UserWriteContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.pagination import Limit, Offset
from iotflow.api.parameters import DeviceId, GroupId
from iotflow.api.responses import json_response, list_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.groups import (
    AddDeviceRequest,
    AddDevicesRequest,
    AddDevicesResult,
    Group,
    GroupCreate,
    GroupList,
    GroupMemberList,
    GroupResponse,
    GroupUpdate,
    GroupWithDevicesResponse,
    Membership,
    MembershipResponse,
    dump_group,
    dump_group_member,
)
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.groups import NewGroup
from iotflow.services.groups import GroupWithMembers

router = api_router("Groups")


@router.post("/groups", status_code=201, operation_id="create_group", responses=problem_responses(409))
async def create_group(context: UserWriteContext, body: GroupCreate, services: ServicesDep) -> GroupResponse:
    """Create a group."""
    group = await services.groups.create(context, NewGroup(**body.model_dump()))
    return GroupResponse(group=Group.model_validate(group))


@router.get("/groups", operation_id="list_groups", response_model=GroupList)
async def list_groups(
    context: UserReadContext,
    services: ServicesDep,
    include_devices: Annotated[bool, Query(description="Include each group's devices.")] = False,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List the caller's groups."""
    groups, total = await services.groups.page(context, limit, offset, with_members=include_devices)
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}}
    return await list_response({}, "groups", groups, _dump_group_with_members, tail)


@router.get(
    "/groups/{group_id:digits}",
    operation_id="get_group",
    response_model=GroupWithDevicesResponse,
    responses=problem_responses(404),
)
async def get_group(context: UserReadContext, group_id: GroupId, services: ServicesDep) -> Response:
    """Get a group and its devices."""
    group = await services.groups.get(context, group_id)
    return json_response({"group": _dump_group_with_members(group)})


@router.put("/groups/{group_id:digits}", operation_id="update_group", responses=problem_responses(404, 409))
async def update_group(
    context: UserWriteContext, group_id: GroupId, body: GroupUpdate, services: ServicesDep
) -> GroupResponse:
    """Update a group."""
    group = await services.groups.update(context, group_id, body.change())
    return GroupResponse(group=Group.model_validate(group))


@router.delete(
    "/groups/{group_id:digits}", status_code=204, operation_id="delete_group", responses=problem_responses(404)
)
async def delete_group(context: UserWriteContext, group_id: GroupId, services: ServicesDep) -> None:
    """Delete a group. Its devices are kept."""
    await services.groups.delete(context, group_id)


@router.post(
    "/groups/{group_id:digits}/devices",
    status_code=201,
    operation_id="add_device_to_group",
    responses=problem_responses(404, 409),
)
async def add_device_to_group(
    context: UserWriteContext, group_id: GroupId, body: AddDeviceRequest, services: ServicesDep
) -> MembershipResponse:
    """Add a device to a group. Both must have the same owner."""
    membership = await services.groups.add_device(context, group_id, body.device_id)
    return MembershipResponse(membership=Membership.model_validate(membership))


@router.post(
    "/groups/{group_id:digits}/devices/bulk",
    status_code=201,
    operation_id="add_devices_to_group",
    responses=problem_responses(404),
)
async def add_devices_to_group(
    context: UserWriteContext, group_id: GroupId, body: AddDevicesRequest, services: ServicesDep
) -> AddDevicesResult:
    """Add many devices to a group. The response lists the outcome for each device."""
    result = await services.groups.add_devices(context, group_id, body.device_ids)
    return AddDevicesResult.model_validate(result)


@router.get(
    "/groups/{group_id:digits}/devices",
    operation_id="list_devices_of_group",
    response_model=GroupMemberList,
    responses=problem_responses(404),
)
async def list_devices_of_group(
    context: UserReadContext,
    group_id: GroupId,
    services: ServicesDep,
    status: DeviceStatus | None = None,
    device_type: Annotated[str | None, Query(max_length=64, description="Only devices of this type.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List a group's devices."""
    group, members, total = await services.groups.members(context, group_id, limit, offset, status, device_type)
    head = {"group_id": group.id, "group_name": group.name}
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}}
    return await list_response(head, "devices", members, dump_group_member, tail)


@router.delete(
    "/groups/{group_id:digits}/devices/{device_id:digits}",
    status_code=204,
    operation_id="remove_device_from_group",
    responses=problem_responses(404),
)
async def remove_device_from_group(
    context: UserWriteContext, group_id: GroupId, device_id: DeviceId, services: ServicesDep
) -> None:
    """Remove a device from a group."""
    await services.groups.remove_device(context, group_id, device_id)


def _dump_group_with_members(found: GroupWithMembers) -> dict[str, object]:
    members = found.members
    return {
        **dump_group(found.group),
        "devices": None if members is None else [dump_group_member(member) for member in members],
    }
