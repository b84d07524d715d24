"""How owners group their devices."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from iotflow.domain.devices import DeviceStatus
from iotflow.domain.groups import Group, GroupChange, JoinedGroup, Member, MemberLimit, Membership, NewGroup
from iotflow.domain.times import Millis


class GroupRepository(Protocol):
    """Groups and who is in them. An id is never used again; a name is unique, to the letter, among its owner's."""

    async def add(self, user_id: UUID, group: NewGroup, at: Millis) -> Group:
        """Store a new group. Nobody else adds one to the account until the transaction ends.

        Raises Conflict for a taken name, NotFound for an unknown user.
        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Whether an account has more groups than this."""
        ...

    async def get(self, group_id: int) -> Group | None:
        """The group of this id."""
        ...

    async def lock(self, group_id: int) -> Group | None:
        """The group of this id, which no other transaction changes or fills until this one ends."""
        ...

    async def update(self, group_id: int, change: GroupChange, at: Millis) -> Group:
        """Change what `change` names. Raises NotFound, or Conflict for a taken name."""
        ...

    async def delete(self, group_id: int) -> None:
        """Remove the group; its devices stay. Raises NotFound."""
        ...

    async def remove_members(self, group_id: int, limit: int) -> int:
        """Take up to `limit` devices out of the group; how many there were."""
        ...

    async def remove_members_of_user(self, user_id: UUID, limit: int) -> int:
        """Take up to `limit` devices out of the groups of a user who is marked as deleted; how many there were."""
        ...

    async def delete_of_user(self, user_id: UUID, limit: int) -> int:
        """Remove up to `limit` groups of a user who is marked as deleted; how many there were."""
        ...

    async def page(self, user_id: UUID, limit: int, offset: int) -> tuple[list[Group], int]:
        """The user's groups by id, and how many there are in all."""
        ...

    async def count(self) -> int:
        """How many groups there are."""
        ...

    async def add_members(self, group_id: int, device_ids: Collection[int], at: Millis) -> list[Membership]:
        """Put devices into the group; those already in are left out of the answer."""
        ...

    async def remove_member(self, group_id: int, device_id: int) -> None:
        """Take a device out of the group. Raises NotFound if it is not in."""
        ...

    async def members(
        self,
        group_id: int,
        limit: int,
        offset: int,
        status: DeviceStatus | None = None,
        device_type: str | None = None,
    ) -> tuple[list[Member], int]:
        """The group's devices by id, and how many match in all."""
        ...

    async def first_members(self, group_ids: Sequence[int], limit: MemberLimit) -> dict[int, list[Member]]:
        """Return each group's first devices by id, those of the groups with the lowest ids first, up to a limit."""
        ...

    async def of_device(self, device_id: int, limit: int) -> list[JoinedGroup]:
        """Return the first groups that hold this device, by id."""
        ...
