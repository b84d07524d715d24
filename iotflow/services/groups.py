"""Groups: made, changed, filled, emptied and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from iotflow.clock import Clock
from iotflow.completion import to_completion
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.groups import Group, GroupChange, Member, MemberLimit, Membership, NewGroup
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import visible_group
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.limit_log import LimitLog
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit import Actor, record_event
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.presence import with_presence

MAX_GROUPS_PER_ACCOUNT = 1_000
"""What one page lists. It also bounds the groups of a device."""
GROUPS_LIMIT = f"an account has at most {MAX_GROUPS_PER_ACCOUNT:,} groups"
MEMBERS_PER_CHUNK = 500


@dataclass(frozen=True, slots=True)
class FilledGroup:
    """A group with the devices that it lists; None where none were asked for."""

    group: Group
    members: Sequence[Member] | None


@dataclass(frozen=True, slots=True)
class BulkAddition:
    """What became of devices that were to be added: put in, in already, not among the owner's."""

    added: list[int]
    skipped: list[int]
    not_found: list[int]


class Groups:
    """What may be done with groups."""

    def __init__(
        self, transactions: Transactions, presence: PresenceRepository, bulk_reads: BulkReads, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._presence = presence
        self._bulk_reads = bulk_reads
        self._clock = clock
        self._limit = LimitLog(GROUPS_LIMIT)

    async def create(self, caller: UserPrincipal, new: NewGroup, request_id: str | None) -> Group:
        """Make a group of the caller's. Raises Conflict for a taken name, or for one group too many."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            group = await transaction.groups.add(caller.user_id, new, now)
            if await transaction.groups.has_more_than(MAX_GROUPS_PER_ACCOUNT, caller.user_id):
                self._limit.met(f"account {caller.user_id}")
                raise Conflict(f"{GROUPS_LIMIT}; delete groups that are not needed")
            await _tell(transaction, Actor.of(caller, request_id), EventType.GROUP_CREATED, group, now, name=new.name)
        return group

    async def page(
        self, user_id: UUID, limit: int, offset: int, *, with_members: bool
    ) -> tuple[list[FilledGroup], int]:
        """A user's groups by id, and how many there are in all; with their first devices if asked for.

        Raises Overloaded, but not without members.
        """
        if not with_members:
            async with self._transactions.read() as transaction:
                groups, total = await transaction.groups.page(user_id, limit, offset)
            return [FilledGroup(group, None) for group in groups], total
        async with self._bulk_reads.turn(user_id):
            async with self._transactions.read(bulk=True) as transaction:
                groups, total = await transaction.groups.page(user_id, limit, offset)
                members = await transaction.groups.first_members([group.id for group in groups], MemberLimit())
            found = await self._with_presence([member for group in groups for member in members[group.id]])
        in_order = iter(found)
        return [FilledGroup(group, list(islice(in_order, len(members[group.id])))) for group in groups], total

    async def get(self, caller: UserPrincipal, group_id: int) -> FilledGroup:
        """A group with its first devices. Raises NotFound, Overloaded."""
        async with self._bulk_reads.turn(caller.user_id):
            async with self._transactions.read(bulk=True) as transaction:
                group = await _visible(transaction, caller, group_id)
                members = await transaction.groups.first_members([group_id], MemberLimit())
            return FilledGroup(group, await self._with_presence(members[group_id]))

    async def members(
        self,
        caller: UserPrincipal,
        group_id: int,
        limit: int,
        offset: int,
        status: DeviceStatus | None,
        device_type: str | None,
    ) -> tuple[Group, list[Member], int]:
        """A group, its devices by id, and how many of them match in all. Raises NotFound."""
        async with self._transactions.read() as transaction:
            group = await _visible(transaction, caller, group_id)
            members, total = await transaction.groups.members(group_id, limit, offset, status, device_type)
        return group, await self._with_presence(members), total

    async def update(self, caller: UserPrincipal, group_id: int, change: GroupChange, request_id: str | None) -> Group:
        """Change a group. Raises NotFound, or Conflict for a taken name."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            await _locked(transaction, caller, group_id)
            group = await transaction.groups.update(group_id, change, now)
            changed: list[JsonValue] = list(change)
            await _tell(transaction, Actor.of(caller, request_id), EventType.GROUP_UPDATED, group, now, changed=changed)
        return group

    async def delete(self, caller: UserPrincipal, group_id: int, request_id: str | None) -> None:
        """Delete a group; its devices stay. Raises NotFound."""
        await to_completion(self._delete(caller, group_id, request_id))

    async def _delete(self, caller: UserPrincipal, group_id: int, request_id: str | None) -> None:
        """Empty a group in chunks and delete it; run to completion, so that none is left half empty."""
        members = MEMBERS_PER_CHUNK
        while members == MEMBERS_PER_CHUNK:
            async with self._transactions.write() as transaction:
                group = await _locked(transaction, caller, group_id)
                members = await transaction.groups.remove_members(group_id, MEMBERS_PER_CHUNK)
                if members < MEMBERS_PER_CHUNK:
                    await transaction.groups.delete(group_id)
                    actor, now = Actor.of(caller, request_id), self._clock.now()
                    await _tell(transaction, actor, EventType.GROUP_DELETED, group, now, name=group.name)

    async def add_device(
        self, caller: UserPrincipal, group_id: int, device_id: int, request_id: str | None
    ) -> Membership:
        """Put a device of the group's owner into the group.

        Raises NotFound for a group or a device that is not there, Conflict if the device is in already.
        """
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            group = await _locked(transaction, caller, group_id)
            if not await _owned(transaction, group, [device_id]):
                raise NotFound(f"there is no device {device_id} among those of the group's owner")
            added = await transaction.groups.add_members(group_id, [device_id], now)
            if not added:
                raise Conflict(f"device {device_id} is in group {group_id} already")
            await record_event(
                transaction,
                Actor.of(caller, request_id),
                EventType.GROUP_DEVICE_ADDED,
                now,
                user_id=group.user_id,
                device_id=device_id,
                details={"group_id": group_id},
            )
        return added[0]

    async def add_devices(
        self, caller: UserPrincipal, group_id: int, device_ids: Sequence[int], request_id: str | None
    ) -> BulkAddition:
        """Put many devices of the group's owner into the group. Raises NotFound for the group."""
        now = self._clock.now()
        wanted = list(dict.fromkeys(device_ids))
        async with self._transactions.write(bulk=True) as transaction:
            group = await _locked(transaction, caller, group_id)
            owned = await _owned(transaction, group, wanted)
            memberships = await transaction.groups.add_members(group_id, sorted(owned), now)
            added = {membership.device_id for membership in memberships}
            if added:
                # One event: a thousand would keep those of others waiting.
                actor, ids = Actor.of(caller, request_id), sorted(added)
                await _tell(transaction, actor, EventType.GROUP_DEVICES_ADDED, group, now, device_ids=[*ids])
        return BulkAddition(
            added=[device_id for device_id in wanted if device_id in added],
            skipped=[device_id for device_id in wanted if device_id in owned - added],
            not_found=[device_id for device_id in wanted if device_id not in owned],
        )

    async def remove_device(self, caller: UserPrincipal, group_id: int, device_id: int, request_id: str | None) -> None:
        """Take a device out of a group. Raises NotFound for the group, or if the device is not in it."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            group = await _locked(transaction, caller, group_id)
            await transaction.groups.remove_member(group_id, device_id)
            await record_event(
                transaction,
                Actor.of(caller, request_id),
                EventType.GROUP_DEVICE_REMOVED,
                now,
                user_id=group.user_id,
                device_id=device_id,
                details={"group_id": group_id},
            )

    async def _with_presence(self, members: Sequence[Member]) -> list[Member]:
        devices = await with_presence(self._presence, [member.device for member in members])
        return [replace(member, device=device) for member, device in zip(members, devices, strict=True)]


async def _visible(transaction: Transaction, caller: UserPrincipal, group_id: int) -> Group:
    return visible_group(caller, group_id, await transaction.groups.get(group_id))


async def _locked(transaction: Transaction, caller: UserPrincipal, group_id: int) -> Group:
    return visible_group(caller, group_id, await transaction.groups.lock(group_id))


async def _owned(transaction: Transaction, group: Group, device_ids: Sequence[int]) -> set[int]:
    """Those of the devices that belong to the group's owner, locked: a group holds no others."""
    devices = await transaction.devices.lock(device_ids)
    return {device.id for device in devices if device.user_id == group.user_id}


async def _tell(
    transaction: Transaction, actor: Actor, event_type: EventType, group: Group, at: Millis, **details: JsonValue
) -> None:
    await record_event(
        transaction, actor, event_type, at, user_id=group.user_id, details={"group_id": group.id, **details}
    )
