"""Bodies about groups."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.common import Answer, Body, Meta, PartialBody, Timestamp, example, text
from iotflow.api.schemas.devices import Description, Id, MemberView
from iotflow.domain.groups import MAX_LISTED, Group, JoinedGroup, MemberLimit
from iotflow.domain.times import format_rfc3339

Color = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$", examples=["#1E90FF"])]
GroupName = Annotated[str, text(128), Field(examples=["Greenhouse"])]


class GroupView(Answer):
    """A group."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Greenhouse"])
    description: str | None = Field(examples=["All that grows"])
    color: str | None = Field(examples=["#1E90FF"])
    user_id: UUID
    device_count: int = Field(examples=[1])
    created_at: Timestamp
    updated_at: Timestamp


class FilledGroupView(GroupView):
    """A group with the devices in it."""

    devices: list[MemberView] = Field(
        description=f"The first {MAX_LISTED:,} by id, up to 8 MiB. `device_count` tells how many there are; "
        "`GET /groups/{group_id}/devices` pages through all.",
    )


class ListedGroupView(GroupView):
    """A group as a list shows it."""

    devices: list[MemberView] | None = Field(
        None,
        description=f"With `include_devices`: its first {MAX_LISTED:,} devices by id. A page lists at most "
        f"{MemberLimit().of_all:,} devices, up to 8 MiB, those of the groups with the lowest ids first. `device_count` "
        "tells how many a group has; `GET /groups/{group_id}/devices` pages through all.",
    )


class JoinedGroupView(GroupView):
    """A group as a device lists it."""

    added_at: Timestamp


def group_view(group: Group) -> dict[str, object]:
    """A `GroupView` as it is encoded: to build a thousand of these models would hold up the event loop."""
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "color": group.color,
        "user_id": group.user_id,
        "device_count": group.device_count,
        "created_at": format_rfc3339(group.created_at),
        "updated_at": format_rfc3339(group.updated_at),
    }


def joined_group_view(joined: JoinedGroup) -> dict[str, object]:
    """A `JoinedGroupView` as it is encoded."""
    return {**group_view(joined.group), "added_at": format_rfc3339(joined.added_at)}


class GroupAnswer(Answer):
    """One group."""

    group: GroupView


class FilledGroupAnswer(Answer):
    """One group with the devices in it."""

    group: FilledGroupView


class GroupList(Answer):
    """A page of groups."""

    groups: list[ListedGroupView]
    meta: Meta


class DeviceGroups(Answer):
    """The groups that hold a device."""

    device_id: int
    groups: list[JoinedGroupView] = Field(description=f"The first {MAX_LISTED:,} by id.")


class GroupDevices(Answer):
    """A page of a group's devices."""

    group_id: int
    group_name: str
    devices: list[MemberView]
    meta: Meta


class NewGroupBody(Body):
    """A group to make."""

    model_config = example(name="Greenhouse", color="#1E90FF")

    name: GroupName
    description: Description | None = None
    color: Color | None = None


class GroupChangeBody(PartialBody):
    """What to change of a group."""

    model_config = example(description="All that grows")

    name: GroupName = Field(default_factory=str)
    description: Description | None = None
    color: Color | None = None


class MemberBody(Body):
    """A device to put into a group."""

    model_config = example(device_id=1)

    device_id: Id


class MembersBody(Body):
    """Devices to put into a group."""

    model_config = example(device_ids=[1, 2])

    device_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]


class MembershipView(Answer):
    """A device's place in a group."""

    group_id: int
    device_id: int
    added_at: Timestamp


class MembershipAnswer(Answer):
    """One membership."""

    membership: MembershipView


class BulkAdditionAnswer(Answer):
    """What became of each device."""

    added: list[int] = Field(examples=[[1]])
    skipped: list[int] = Field(examples=[[2]], description="In the group already.")
    not_found: list[int] = Field(examples=[[]], description="Not among the devices of the group's owner.")
