"""Groups of devices."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query

from iotflow.api.access import User
from iotflow.api.deps import DeviceId, GroupId, GroupsDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.common import Meta
from iotflow.api.schemas.devices import MemberView
from iotflow.api.schemas.groups import (
    BulkAdditionAnswer,
    FilledGroupAnswer,
    FilledGroupView,
    GroupAnswer,
    GroupChangeBody,
    GroupDevices,
    GroupList,
    GroupView,
    ListedGroupView,
    MemberBody,
    MembersBody,
    MembershipAnswer,
    MembershipView,
    NewGroupBody,
)
from iotflow.api.schemas.lists import Limit, Offset
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.groups import Member, NewGroup

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
    views = [
        ListedGroupView(
            **asdict(item.group), devices=[_member(member) for member in item.members] if include_devices else None
        )
        for item in filled
    ]
    return GroupList(groups=views, meta=Meta(total=total, limit=limit, offset=offset))


@routes.get("/groups/{group_id:digits}", operation_id="get_group", responses=problems(404))
async def get_group(caller: User, group_id: GroupId, groups: GroupsDep) -> FilledGroupAnswer:
    """Get a group with its devices."""
    filled = await groups.get(caller, group_id)
    members = [_member(member) for member in filled.members]
    return FilledGroupAnswer(group=FilledGroupView(**asdict(filled.group), devices=members))


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
    return GroupDevices(
        group_id=group.id,
        group_name=group.name,
        devices=[_member(member) for member in members],
        meta=Meta(total=total, limit=limit, offset=offset),
    )


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


def _member(member: Member) -> MemberView:
    return MemberView(**asdict(member.device), added_at=member.added_at)
