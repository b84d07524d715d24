"""The interface of device groups."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from iotflow.domain.devices import DeviceStatus
from iotflow.domain.groups import Group, GroupChange, JoinedGroup, Member, MemberLimit, Membership, NewGroup
from iotflow.domain.times import Millis


class GroupRepository(Protocol):
    """Groups and their members. Ids are never reused; a name is unique among its owner's groups, case-sensitive."""

    async def add(self, user_id: UUID, group: NewGroup, at: Millis) -> Group:
        """Store a new group. Other additions to the account wait until the transaction ends.

        Raises:
        - Conflict: the name is taken.
        - NotFound: the user is unknown.

        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Return whether an account has more groups than `number`."""
        ...

    async def get(self, group_id: int) -> Group | None:
        """Return the group, None for an unknown id."""
        ...

    async def lock(self, group_id: int) -> Group | None:
        """Return the group and lock it until the transaction ends; None for an unknown id.

        Until then no other transaction changes it or adds members.
        """
        ...

    async def update(self, group_id: int, change: GroupChange, at: Millis) -> Group:
        """Change the fields in `change`, and return the group.

        Raises:
        - NotFound: the id is unknown.
        - Conflict: the name is taken.

        """
        ...

    async def delete(self, group_id: int) -> None:
        """Remove the group; its devices stay. Raises NotFound."""
        ...

    async def remove_members(self, group_id: int, limit: int) -> int:
        """Remove up to `limit` members of a group, and return the number removed."""
        ...

    async def remove_members_of_user(self, user_id: UUID, limit: int) -> int:
        """Remove up to `limit` members of the groups of a user that is marked as deleted. Return the number removed."""
        ...

    async def delete_of_user(self, user_id: UUID, limit: int) -> int:
        """Remove up to `limit` groups of a user that is marked as deleted. Return the number removed."""
        ...

    async def page(self, user_id: UUID, limit: int, offset: int) -> tuple[list[Group], int]:
        """Return a page of the user's groups, ordered by id, and the number of all."""
        ...

    async def count(self) -> int:
        """Return the number of groups."""
        ...

    async def add_members(self, group_id: int, device_ids: Collection[int], at: Millis) -> list[Membership]:
        """Add devices to a group. Return the new memberships; devices that are members already are left out."""
        ...

    async def remove_member(self, group_id: int, device_id: int) -> None:
        """Remove a device from a group. Raises NotFound if it is no member."""
        ...

    async def members(
        self,
        group_id: int,
        limit: int,
        offset: int,
        status: DeviceStatus | None = None,
        device_type: str | None = None,
    ) -> tuple[list[Member], int]:
        """Return a page of the members that match, ordered by device id, and the number of all that match."""
        ...

    async def first_members(self, group_ids: Sequence[int], limit: MemberLimit) -> dict[int, list[Member]]:
        """Return each group's first members by device id, up to a limit; groups with the lowest ids come first."""
        ...

    async def of_device(self, device_id: int, limit: int) -> list[JoinedGroup]:
        """Return the first groups that contain a device, ordered by id, at most `limit`."""
        ...
