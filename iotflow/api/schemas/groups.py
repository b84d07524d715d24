"""Bodies about groups of devices."""

from typing import Annotated, cast
from uuid import UUID

from pydantic import MISSING, Field

from iotflow.api.schemas.base import PageInfo, PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.devices import Description, Device, Id, dump_device
from iotflow.api.schemas.fields import TextRule, Timestamp, VisibleName
from iotflow.domain import groups as domain
from iotflow.domain.groups import COLOR, MAX_LISTED, MemberLimit, color_error
from iotflow.domain.times import format_rfc3339

Color = Annotated[str, TextRule(color_error, {"pattern": f"^{COLOR}$"}), Field(examples=["#1E90FF"])]
GroupName = Annotated[VisibleName, Field(examples=["Greenhouse"])]


class Group(ResponseModel):
    """A group."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Greenhouse"])
    description: str | None = Field(examples=["All that grows"])
    color: str | None = Field(examples=["#1E90FF"])
    user_id: UUID = Field(description="The group's owner.")
    device_count: int = Field(description="Number of devices in the group.", examples=[1])
    created_at: Timestamp
    updated_at: Timestamp


class GroupMember(Device):
    """A device in a group."""

    added_at: Timestamp = Field(description="Time when the device was added to the group.")


class GroupWithDevices(Group):
    """A group and its devices."""

    devices: list[GroupMember] = Field(
        description=f"The first {MAX_LISTED:,} devices by id, up to 8 MiB. `device_count` is the number of all; "
        "`GET /groups/{group_id}/devices` returns all, page by page.",
    )


class GroupSummary(Group):
    """A group in a list."""

    devices: list[GroupMember] | None = Field(
        None,
        description=f"With `include_devices`: the group's first {MAX_LISTED:,} devices by id. A page lists at most "
        f"{MemberLimit().of_all:,} devices, up to 8 MiB, starting with the groups with the lowest ids. `device_count` "
        "is the number of all devices of a group; `GET /groups/{group_id}/devices` returns all, page by page.",
    )


class DeviceGroup(Group):
    """A group that contains a device."""

    added_at: Timestamp = Field(description="Time when the device was added to the group.")


def dump_group(group: domain.Group) -> dict[str, object]:
    """Return what a `Group` encodes to. Building a thousand models would block the event loop."""
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


def dump_group_member(member: domain.Member) -> dict[str, object]:
    """Return what a `GroupMember` encodes to."""
    return {**dump_device(member.device), "added_at": format_rfc3339(member.added_at)}


def dump_device_group(joined: domain.JoinedGroup) -> dict[str, object]:
    """Return what a `DeviceGroup` encodes to."""
    return {**dump_group(joined.group), "added_at": format_rfc3339(joined.added_at)}


class GroupResponse(ResponseModel):
    """One group."""

    group: Group


class GroupWithDevicesResponse(ResponseModel):
    """One group and its devices."""

    group: GroupWithDevices


class GroupList(ResponseModel):
    """A page of groups."""

    groups: list[GroupSummary]
    meta: PageInfo


class DeviceGroupList(ResponseModel):
    """The groups that contain a device."""

    device_id: int
    groups: list[DeviceGroup] = Field(description=f"The first {MAX_LISTED:,} groups by id.")


class GroupMemberList(ResponseModel):
    """A page of a group's devices."""

    group_id: int
    group_name: str
    devices: list[GroupMember]
    meta: PageInfo


class GroupCreate(RequestModel):
    """A group to create."""

    model_config = example(name="Greenhouse", color="#1E90FF")

    name: GroupName
    description: Description | None = None
    color: Color | None = None


class GroupUpdate(PartialUpdate):
    """Changes of a group. Absent fields keep their values; null clears a field."""

    model_config = example(description="All that grows")

    name: GroupName | MISSING = MISSING
    description: Description | MISSING | None = MISSING
    color: Color | MISSING | None = MISSING

    def change(self) -> domain.GroupChange:
        """Return the fields that the client sent."""
        return cast("domain.GroupChange", self.given())


class AddDeviceRequest(RequestModel):
    """A device to add to a group."""

    model_config = example(device_id=1)

    device_id: Id


class AddDevicesRequest(RequestModel):
    """Devices to add to a group."""

    model_config = example(device_ids=[1, 2])

    device_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]


class Membership(ResponseModel):
    """The membership of a device in a group."""

    group_id: int
    device_id: int
    added_at: Timestamp = Field(description="Time when the device was added to the group.")


class MembershipResponse(ResponseModel):
    """One membership."""

    membership: Membership


class AddDevicesResult(ResponseModel):
    """The outcome for each device id of the request."""

    added: list[int] = Field(examples=[[1]], description="Devices added to the group.")
    skipped: list[int] = Field(examples=[[2]], description="Devices that were in the group already.")
    not_found: list[int] = Field(examples=[[]], description="Ids that belong to no device of the group's owner.")
