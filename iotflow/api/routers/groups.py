"""Groups of devices."""

from typing import Annotated

from fastapi import Query

from iotflow.api.access import User
from iotflow.api.answers import answer, list_answer
from iotflow.api.deps import DeviceId, GroupId, GroupsDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.devices import member_view
from iotflow.api.schemas.groups import (
    BulkAdditionAnswer,
    FilledGroupAnswer,
    GroupAnswer,
    GroupChangeBody,
    GroupDevices,
    GroupList,
    GroupView,
    MemberBody,
    MembersBody,
    MembershipAnswer,
    MembershipView,
    NewGroupBody,
    group_view,
)
from iotflow.api.schemas.lists import Limit, Offset
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.groups import NewGroup
from iotflow.services.groups import FilledGroup

routes = router("Groups")


@routes.post("/groups", status_code=201, operation_id="create_group", responses=problems(409))
async def create_group(caller: User, body: NewGroupBody, groups: GroupsDep, request_id: RequestId) -> GroupAnswer:
    """Make a group."""
    group = await groups.create(caller, NewGroup(**body.model_dump()), request_id)
    return GroupAnswer(group=GroupView.model_validate(group))


@routes.get("/groups", operation_id="list_groups")
async def list_groups(
    caller: User,
    groups: GroupsDep,
    include_devices: Annotated[bool, Query(description="List each group's devices too.")] = False,
    limit: Limit = 100,
    offset: Offset = 0,
) -> GroupList:
    """List the caller's own groups."""
    filled, total = await groups.page(caller.user_id, limit, offset, with_members=include_devices)
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}}
    return await list_answer({}, "groups", filled, _filled, tail)  # type: ignore[return-value]  # documented as GroupList


@routes.get("/groups/{group_id:digits}", operation_id="get_group", responses=problems(404))
async def get_group(caller: User, group_id: GroupId, groups: GroupsDep) -> FilledGroupAnswer:
    """Get a group with its devices."""
    filled = await groups.get(caller, group_id)
    return answer({"group": _filled(filled)})  # type: ignore[return-value]  # documented as FilledGroupAnswer


@routes.put("/groups/{group_id:digits}", operation_id="update_group", responses=problems(404, 409))
async def update_group(
    caller: User, group_id: GroupId, body: GroupChangeBody, groups: GroupsDep, request_id: RequestId
) -> GroupAnswer:
    """Change a group."""
    group = await groups.update(caller, group_id, body.given(), request_id)
    return GroupAnswer(group=GroupView.model_validate(group))


@routes.delete("/groups/{group_id:digits}", status_code=204, operation_id="delete_group", responses=problems(404))
async def delete_group(caller: User, group_id: GroupId, groups: GroupsDep, request_id: RequestId) -> None:
    """Delete a group. Its devices stay."""
    await groups.delete(caller, group_id, request_id)


@routes.post(
    "/groups/{group_id:digits}/devices",
    status_code=201,
    operation_id="add_device_to_group",
    responses=problems(404, 409),
)
async def add_device_to_group(
    caller: User, group_id: GroupId, body: MemberBody, groups: GroupsDep, request_id: RequestId
) -> MembershipAnswer:
    """Put a device into a group. Both have the same owner."""
    membership = await groups.add_device(caller, group_id, body.device_id, request_id)
    return MembershipAnswer(membership=MembershipView.model_validate(membership))


@routes.post(
    "/groups/{group_id:digits}/devices/bulk",
    status_code=201,
    operation_id="add_devices_to_group",
    responses=problems(404),
)
async def add_devices_to_group(
    caller: User, group_id: GroupId, body: MembersBody, groups: GroupsDep, request_id: RequestId
) -> BulkAdditionAnswer:
    """Put many devices into a group. The answer tells what became of each."""
    addition = await groups.add_devices(caller, group_id, body.device_ids, request_id)
    return BulkAdditionAnswer.model_validate(addition)


@routes.get("/groups/{group_id:digits}/devices", operation_id="list_devices_of_group", responses=problems(404))
async def list_devices_of_group(
    caller: User,
    group_id: GroupId,
    groups: GroupsDep,
    status: DeviceStatus | None = None,
    device_type: Annotated[str | None, Query(max_length=64, description="Of this type alone.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> GroupDevices:
    """List a group's devices."""
    group, members, total = await groups.members(caller, group_id, limit, offset, status, device_type)
    head = {"group_id": group.id, "group_name": group.name}
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}}
    return await list_answer(head, "devices", members, member_view, tail)  # type: ignore[return-value]  # documented as GroupDevices


@routes.delete(
    "/groups/{group_id:digits}/devices/{device_id:digits}",
    status_code=204,
    operation_id="remove_device_from_group",
    responses=problems(404),
)
async def remove_device_from_group(
    caller: User, group_id: GroupId, device_id: DeviceId, groups: GroupsDep, request_id: RequestId
) -> None:
    """Take a device out of a group."""
    await groups.remove_device(caller, group_id, device_id, request_id)


def _filled(filled: FilledGroup) -> dict[str, object]:
    members = filled.members
    return {
        **group_view(filled.group),
        "devices": None if members is None else [member_view(member) for member in members],
    }
