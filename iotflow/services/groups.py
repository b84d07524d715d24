"""Groups of devices: creation, changes, membership and deletion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from iotflow.clock import Clock
from iotflow.concurrency.tasks import run_to_completion
from iotflow.domain.alert_rules import MAX_RULES_PER_TARGET
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.groups import Group, GroupChange, Member, MemberLimit, Membership, NewGroup
from iotflow.domain.json import JsonValue
from iotflow.domain.names import require_name
from iotflow.domain.permissions import require_user, require_visible_group
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.times import Millis
from iotflow.logs import LimitLog
from iotflow.repositories.cache import PresenceRepository
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.outbox_messages import alert_resolution_messages
from iotflow.services.presence import merge_presence

MAX_GROUPS_PER_ACCOUNT = 1_000
"""The maximum of a page of groups. It also bounds the groups of a device."""
GROUPS_LIMIT_TEXT = f"an account has at most {MAX_GROUPS_PER_ACCOUNT:,} groups"
MEMBERS_PER_CHUNK = 500


@dataclass(frozen=True, slots=True)
class GroupWithMembers:
    """A group with its first devices; None where they were not requested."""

    group: Group
    members: Sequence[Member] | None


@dataclass(frozen=True, slots=True)
class AddDevicesResult:
    """Ids of devices by outcome: added, already in the group, not among the owner's."""

    added: list[int]
    skipped: list[int]
    not_found: list[int]


class Groups:
    """Operations on groups. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the group does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(
        self,
        transactions: Transactions,
        invalidation: CacheInvalidation,
        presence: PresenceRepository,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._invalidation = invalidation
        self._presence = presence
        self._bulk_reads = bulk_reads
        self._clock = clock
        self._limit = LimitLog("groups_of_account", GROUPS_LIMIT_TEXT)

    async def create(self, context: Context, new: NewGroup) -> Group:
        """Create a group of the caller.

        Raises InvalidInput for the name, Conflict if it is taken or if the account has its maximum of groups.
        """
        caller = require_user(context.principal, TokenScope.WRITE)
        new = replace(new, name=require_name(new.name))
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            group = await transaction.groups.add(caller.user_id, new, now)
            if await transaction.groups.has_more_than(MAX_GROUPS_PER_ACCOUNT, caller.user_id):
                self._limit.record(f"account {caller.user_id}")
                raise Conflict(f"{GROUPS_LIMIT_TEXT}; delete groups that are not needed")
            await _record_event(transaction, context, EventType.GROUP_CREATED, group, now, name=new.name)
        return group

    async def page(
        self, context: Context, limit: int, offset: int, *, with_members: bool
    ) -> tuple[list[GroupWithMembers], int]:
        """Return a page of the caller's groups, ordered by id, and the number of all.

        `with_members` adds each group's first devices; then too many bulk reads of the caller raise Overloaded.
        """
        user_id = require_user(context.principal, TokenScope.READ).user_id
        if not with_members:
            async with self._transactions.read() as transaction:
                groups, total = await transaction.groups.page(user_id, limit, offset)
            return [GroupWithMembers(group, None) for group in groups], total
        async with self._bulk_reads.slot(user_id):
            async with self._transactions.read(bulk=True) as transaction:
                groups, total = await transaction.groups.page(user_id, limit, offset)
                members = await transaction.groups.first_members([group.id for group in groups], MemberLimit())
            found = await self._merge_presence([member for group in groups for member in members[group.id]])
        in_order = iter(found)
        return [GroupWithMembers(group, list(islice(in_order, len(members[group.id])))) for group in groups], total

    async def get(self, context: Context, group_id: int) -> GroupWithMembers:
        """Return a group with its first devices. Raises Overloaded for too many bulk reads of the caller."""
        async with self._bulk_reads.slot(require_user(context.principal, TokenScope.READ).user_id):
            async with self._transactions.read(bulk=True) as transaction:
                group = await _visible(transaction, context, group_id)
                members = await transaction.groups.first_members([group_id], MemberLimit())
            return GroupWithMembers(group, await self._merge_presence(members[group_id]))

    async def members(
        self,
        context: Context,
        group_id: int,
        limit: int,
        offset: int,
        status: DeviceStatus | None,
        device_type: str | None,
    ) -> tuple[Group, list[Member], int]:
        """Return a group, a page of its devices ordered by id, and the number that match."""
        async with self._transactions.read() as transaction:
            group = await _visible(transaction, context, group_id)
            members, total = await transaction.groups.members(group_id, limit, offset, status, device_type)
        return group, await self._merge_presence(members), total

    async def update(self, context: Context, group_id: int, change: GroupChange) -> Group:
        """Change a group. Raises InvalidInput for the name, Conflict if it is taken."""
        if "name" in change:
            change = {**change, "name": require_name(change["name"])}
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            await _lock(transaction, context, group_id)
            group = await transaction.groups.update(group_id, change, now)
            changed: list[JsonValue] = list(change)
            await _record_event(transaction, context, EventType.GROUP_UPDATED, group, now, changed=changed)
        return group

    async def delete(self, context: Context, group_id: int) -> None:
        """Delete a group; its devices stay."""
        await run_to_completion(self._delete(context, group_id))

    async def _delete(self, context: Context, group_id: int) -> None:
        """Empty a group in chunks and delete it. Must run to completion: cancelled, it would leave it half empty."""
        members = MEMBERS_PER_CHUNK
        while members == MEMBERS_PER_CHUNK:
            async with self._transactions.write() as transaction:
                group = await _lock(transaction, context, group_id)
                members = await transaction.groups.remove_members(group_id, MEMBERS_PER_CHUNK)
                if members < MEMBERS_PER_CHUNK:
                    now = self._clock.now()
                    await _resolve_alerts(transaction, group_id, now)
                    await transaction.groups.delete(group_id)
                    await _record_event(transaction, context, EventType.GROUP_DELETED, group, now, name=group.name)
                    await self._invalidation.invalidate_rules_on_commit(transaction, group.user_id, None, now)

    async def add_device(self, context: Context, group_id: int, device_id: int) -> Membership:
        """Add a device of the group's owner. Raises NotFound also for the device, Conflict for a member."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            group = await _lock(transaction, context, group_id)
            if not await _owned(transaction, group, [device_id]):
                raise NotFound(f"there is no device {device_id} among those of the group's owner")
            added = await transaction.groups.add_members(group_id, [device_id], now)
            if not added:
                raise Conflict(f"device {device_id} is in group {group_id} already")
            await transaction.watches.watch_silence([device_id])
            await self._invalidation.invalidate_rules_on_commit(transaction, group.user_id, [device_id], now)
            await record_event(
                transaction,
                context,
                EventType.GROUP_DEVICE_ADDED,
                now,
                user_id=group.user_id,
                device_id=device_id,
                details={"group_id": group_id},
            )
        return added[0]

    async def add_devices(self, context: Context, group_id: int, device_ids: Sequence[int]) -> AddDevicesResult:
        """Add devices of the group's owner. Ids of other devices are reported as not found."""
        now = self._clock.now()
        wanted = list(dict.fromkeys(device_ids))
        async with self._transactions.write(bulk=True) as transaction:
            group = await _lock(transaction, context, group_id)
            owned = await _owned(transaction, group, wanted)
            memberships = await transaction.groups.add_members(group_id, sorted(owned), now)
            added = {membership.device_id for membership in memberships}
            if added:
                # One event for all: a thousand events would delay those of other accounts.
                ids = sorted(added)
                await _record_event(transaction, context, EventType.GROUP_DEVICES_ADDED, group, now, device_ids=[*ids])
                await transaction.watches.watch_silence(ids)
                await self._invalidation.invalidate_rules_on_commit(transaction, group.user_id, ids, now)
        return AddDevicesResult(
            added=[device_id for device_id in wanted if device_id in added],
            skipped=[device_id for device_id in wanted if device_id in owned - added],
            not_found=[device_id for device_id in wanted if device_id not in owned],
        )

    async def remove_device(self, context: Context, group_id: int, device_id: int) -> None:
        """Remove a device from a group. Raises NotFound also for a device that is no member."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            group = await _lock(transaction, context, group_id)
            await transaction.groups.remove_member(group_id, device_id)
            await _resolve_alerts(transaction, group_id, now, device_id)
            await self._invalidation.invalidate_rules_on_commit(transaction, group.user_id, [device_id], now)
            await record_event(
                transaction,
                context,
                EventType.GROUP_DEVICE_REMOVED,
                now,
                user_id=group.user_id,
                device_id=device_id,
                details={"group_id": group_id},
            )

    async def _merge_presence(self, members: Sequence[Member]) -> list[Member]:
        devices = await merge_presence(self._presence, [member.device for member in members])
        return [replace(member, device=device) for member, device in zip(members, devices, strict=True)]


async def _visible(transaction: Transaction, context: Context, group_id: int) -> Group:
    group = await transaction.groups.get(group_id)
    return require_visible_group(context.principal, group_id, group, TokenScope.READ)


async def _lock(transaction: Transaction, context: Context, group_id: int) -> Group:
    group = await transaction.groups.lock(group_id)
    return require_visible_group(context.principal, group_id, group, TokenScope.WRITE)


async def _owned(transaction: Transaction, group: Group, device_ids: Sequence[int]) -> set[int]:
    """Lock the devices, and return the ids of those that belong to the group's owner."""
    devices = await transaction.devices.lock(device_ids)
    return {device.id for device in devices if device.user_id == group.user_id}


async def _resolve_alerts(transaction: Transaction, group_id: int, at: Millis, device_id: int | None = None) -> None:
    """Resolve the open alerts of the group's rules (about a device) in the background."""
    rules, _ = await transaction.alert_rules.page(None, None, group_id, MAX_RULES_PER_TARGET, 0)
    for rule in rules:
        await transaction.outbox.add(alert_resolution_messages(rule.id, at, device_id))


async def _record_event(
    transaction: Transaction, context: Context, event_type: EventType, group: Group, at: Millis, **details: JsonValue
) -> None:
    await record_event(
        transaction, context, event_type, at, user_id=group.user_id, details={"group_id": group.id, **details}
    )
