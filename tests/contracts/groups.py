"""Contract of the groups interface."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.devices import Device, DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.groups import Group, GroupChange, JoinedGroup, Member, MemberLimit, Membership, NewGroup
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user


async def add_group(transactions: Transactions, user: User, name: str) -> Group:
    """Store a group and return it."""
    async with transactions.write() as transaction:
        return await transaction.groups.add(user.user_id, NewGroup(name), NOW)


async def join(transactions: Transactions, group: Group, *devices: Device, at: Millis = NOW) -> None:
    """Add devices to a group."""
    async with transactions.write() as transaction:
        await transaction.groups.add_members(group.id, [device.id for device in devices], at)


class GroupsContract(TransactionalContract):
    async def test_a_new_group_is_stored(self, transactions: Transactions, tables: RawTables, owner: User) -> None:
        async with transactions.write() as transaction:
            group = await transaction.groups.add(owner.user_id, NewGroup("house", "green", "#00ff00"), NOW)
        assert group == Group(group.id, owner.user_id, "house", "green", "#00ff00", 0, NOW, NOW)
        async with transactions.read() as transaction:
            assert await transaction.groups.get(group.id) == group
            assert await transaction.groups.get(group.id + 1) is None
            assert await transaction.groups.count() == 1
        (row,) = await tables.rows("device_groups")
        assert (row["id"], row["name"], row["color"]) == (group.id, "house", "#00ff00")

    async def test_a_group_needs_a_user(self, transactions: Transactions, tables: RawTables) -> None:
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.groups.add(uuid4(), NewGroup("house"), NOW)
        assert await tables.rows("device_groups") == []

    async def test_an_account_s_groups_are_counted(self, transactions: Transactions, owner: User) -> None:
        await add_group(transactions, await add_user(transactions), "other")
        await add_group(transactions, owner, "mine")
        async with transactions.read() as transaction:
            has_more_than = transaction.groups.has_more_than
            assert [await has_more_than(number, owner.user_id) for number in (0, 1)] == [True, False]

    async def test_a_group_is_emptied_in_chunks(self, transactions: Transactions, owner: User, group: Group) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(3)]
        other = await add_group(transactions, owner, "other")
        for filled in (group, other):
            await join(transactions, filled, *devices)
        async with transactions.write() as transaction:
            removed = [await transaction.groups.remove_members(group.id, 2) for _ in range(3)]
            assert removed == [2, 1, 0]
            assert (await transaction.groups.members(group.id, 9, 0))[1] == 0
            assert (await transaction.groups.members(other.id, 9, 0))[1] == 3

    async def test_groups_of_a_user_marked_as_deleted_are_invisible_and_removed_in_chunks(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        other = await add_user(transactions)
        stays = await add_group(transactions, other, "stays")
        await join(transactions, stays, await add_device(transactions, other.user_id))
        device = await add_device(transactions, owner.user_id)
        gone = [await add_group(transactions, owner, name) for name in "abc"]
        for group in gone:
            await join(transactions, group, device)
        async with transactions.write() as transaction:
            await transaction.accounts.mark_deleted(owner.user_id, NOW)
        async with transactions.write() as transaction:
            assert await transaction.groups.get(gone[0].id) is None
            assert await transaction.groups.lock(gone[0].id) is None
            assert await transaction.groups.count() == 1
            with pytest.raises(NotFound):
                await transaction.groups.add(owner.user_id, NewGroup("late"), NOW)
            assert [await transaction.groups.remove_members_of_user(owner.user_id, 2) for _ in range(3)] == [2, 1, 0]
            assert [await transaction.groups.delete_of_user(owner.user_id, 2) for _ in range(3)] == [2, 1, 0]
        assert [row["id"] for row in await tables.rows("device_groups")] == [stays.id]
        assert [row["group_id"] for row in await tables.rows("group_members")] == [stays.id]

    async def test_names_are_case_sensitive_and_unique_per_owner(self, transactions: Transactions, owner: User) -> None:
        await add_group(transactions, owner, "House")
        other = await add_group(transactions, owner, "house")
        await add_group(transactions, await add_user(transactions), "House")
        with pytest.raises(Conflict, match="House"):
            await add_group(transactions, owner, "House")
        with pytest.raises(Conflict, match="House"):
            async with transactions.write() as transaction:
                await transaction.groups.update(other.id, {"name": "House"}, LATER)

    async def test_the_id_of_a_deleted_group_is_never_reused(self, transactions: Transactions, owner: User) -> None:
        given = [(await add_group(transactions, owner, str(i))).id for i in range(3)]
        for group_id in (given[2], given[0], given[1]):
            async with transactions.write() as transaction:
                await transaction.groups.delete(group_id)
            given.append((await add_group(transactions, owner, f"after {group_id}")).id)
        assert sorted(set(given)) == given

    async def test_deleting_a_group_keeps_its_devices(
        self, transactions: Transactions, tables: RawTables, group: Group, device: Device
    ) -> None:
        await join(transactions, group, device)
        async with transactions.write() as transaction:
            await transaction.groups.delete(group.id)
        async with transactions.read() as transaction:
            assert await transaction.devices.get(device.id) == device
            assert await transaction.groups.get(group.id) is None
        assert await tables.rows("group_members") == []
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.groups.delete(group.id)

    @pytest.mark.parametrize("change", [{"name": "new"}, {"description": None, "color": "#fffFFF"}, {}])
    async def test_a_change_keeps_fields_that_it_does_not_contain(
        self, transactions: Transactions, owner: User, device: Device, change: GroupChange
    ) -> None:
        async with transactions.write() as transaction:
            group = await transaction.groups.add(owner.user_id, NewGroup("n", "d", "#000000"), NOW)
        await join(transactions, group, device)
        async with transactions.write() as transaction:
            changed = await transaction.groups.update(group.id, change, LATER)
        assert changed == replace(group, **change, updated_at=LATER, device_count=1)

    async def test_an_unknown_group_can_not_be_changed(self, transactions: Transactions, group: Group) -> None:
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.groups.update(group.id + 1, {"name": "x"}, LATER)

    async def test_pages_hold_the_user_s_groups_by_id(self, transactions: Transactions, owner: User) -> None:
        await add_group(transactions, await add_user(transactions), "foreign")
        groups = [await add_group(transactions, owner, name) for name in ("c", "a", "b")]
        async with transactions.read() as transaction:
            assert await transaction.groups.page(owner.user_id, 2, 0) == (groups[:2], 3)
            assert await transaction.groups.page(owner.user_id, 2, 2) == (groups[2:], 3)
            assert await transaction.groups.page(uuid4(), 2, 0) == ([], 0)
            assert await transaction.groups.count() == 4

    async def test_devices_are_added_once(
        self, transactions: Transactions, tables: RawTables, owner: User, group: Group, device: Device
    ) -> None:
        second = await add_device(transactions, owner.user_id)
        async with transactions.write() as transaction:
            joined = await transaction.groups.add_members(group.id, [device.id, device.id], NOW)
            assert joined == [Membership(group.id, device.id, NOW)]
            joined = await transaction.groups.add_members(group.id, [device.id, second.id], LATER)
            assert joined == [Membership(group.id, second.id, LATER)]
            assert await transaction.groups.add_members(group.id, [], LATER) == []
        assert {(row["device_id"], row["added_at"]) for row in await tables.rows("group_members")} == {
            (device.id, NOW),
            (second.id, LATER),
        }
        async with transactions.read() as transaction:
            found = await transaction.groups.get(group.id)
        assert found is not None
        assert found.device_count == 2

    async def test_a_thousand_devices_are_added_at_once(
        self, transactions: Transactions, owner: User, group: Group
    ) -> None:
        devices = []
        for first in range(0, 1_000, 100):
            async with transactions.write(bulk=True) as transaction:
                devices += [
                    await transaction.devices.add(owner.user_id, NewDevice(f"device {i}", "sensor"), NOW)
                    for i in range(first, first + 100)
                ]
        async with transactions.write(bulk=True) as transaction:
            joined = await transaction.groups.add_members(group.id, [device.id for device in devices], NOW)
        assert {membership.device_id for membership in joined} == {device.id for device in devices}
        async with transactions.read() as transaction:
            assert (await transaction.groups.members(group.id, 1, 0))[1] == 1_000

    async def test_a_locked_group_is_not_changed_by_another_transaction(
        self, transactions: Transactions, group: Group
    ) -> None:
        async def describe() -> Group | None:
            async with transactions.write() as transaction:
                found = await transaction.groups.lock(group.id)
                await transaction.groups.update(group.id, {"description": "described"}, LATER)
            return found

        async with transactions.write() as transaction:
            assert await transaction.groups.lock(group.id) == group
            assert await transaction.groups.lock(group.id + 1) is None
            describing = asyncio.create_task(describe())
            await asyncio.wait([describing], timeout=0.1)
            changed = await transaction.groups.update(group.id, {"name": "changed"}, NOW)
        assert await describing == changed

    async def test_a_device_is_removed_from_one_group(
        self, transactions: Transactions, owner: User, group: Group, device: Device
    ) -> None:
        other = await add_group(transactions, owner, "other")
        await join(transactions, group, device)
        await join(transactions, other, device)
        async with transactions.write() as transaction:
            await transaction.groups.remove_member(group.id, device.id)
        async with transactions.read() as transaction:
            assert await transaction.groups.members(group.id, 9, 0) == ([], 0)
            assert (await transaction.groups.members(other.id, 9, 0))[1] == 1
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.groups.remove_member(group.id, device.id)

    async def test_members_are_listed_by_id_in_pages_and_filtered(
        self, transactions: Transactions, owner: User, group: Group
    ) -> None:
        devices = [await add_device(transactions, owner.user_id, kind="ab"[i % 2]) for i in range(4)]
        async with transactions.write() as transaction:
            devices[3] = await transaction.devices.update(devices[3].id, {"status": "active"}, NOW)
        await join(transactions, group, devices[2], devices[3])
        await join(transactions, group, devices[0], devices[1], at=LATER)
        members = [Member(device, LATER if i < 2 else NOW) for i, device in enumerate(devices)]
        async with transactions.read() as transaction:
            listed = transaction.groups.members
            assert await listed(group.id, 9, 0) == (members, 4)
            assert await listed(group.id, 2, 1) == (members[1:3], 4)
            assert await listed(group.id, 2, 4) == ([], 4)
            assert await listed(group.id, 9, 0, status=DeviceStatus.ACTIVE) == (members[3:], 1)
            assert await listed(group.id, 1, 0, device_type="a") == ([members[0]], 2)
            assert await listed(group.id, 9, 0, DeviceStatus.INACTIVE, "b") == ([members[1]], 1)
            assert await listed(group.id + 1, 9, 0) == ([], 0)

    async def test_the_groups_of_a_device_are_listed_by_id(
        self, transactions: Transactions, owner: User, group: Group, device: Device
    ) -> None:
        second = await add_group(transactions, owner, "second")
        await add_group(transactions, owner, "without it")
        await join(transactions, second, device, await add_device(transactions, owner.user_id))
        await join(transactions, group, device, at=LATER)
        async with transactions.read() as transaction:
            joined = [
                JoinedGroup(replace(group, device_count=1), LATER),
                JoinedGroup(replace(second, device_count=2), NOW),
            ]
            assert await transaction.groups.of_device(device.id, 9) == joined
            assert await transaction.groups.of_device(device.id, 1) == joined[:1]
            assert await transaction.groups.of_device(device.id + 1_000, 9) == []

    async def test_groups_list_their_first_members_up_to_a_limit(
        self, transactions: Transactions, owner: User, group: Group
    ) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(6)]
        second, empty = [await add_group(transactions, owner, name) for name in ("second", "empty")]
        await join(transactions, group, *devices[::-1])
        await join(transactions, second, *devices[2:], at=LATER)
        first = [Member(device, NOW) for device in devices]
        others = [Member(device, LATER) for device in devices[2:]]
        async with transactions.read() as transaction:
            listed = transaction.groups.first_members
            ids = [second.id, empty.id, group.id]
            assert await listed(ids, MemberLimit()) == {group.id: first, second.id: others, empty.id: []}
            assert await listed(ids, MemberLimit(of_each=3)) == {
                group.id: first[:3],
                second.id: others[:3],
                empty.id: [],
            }
            assert await listed(ids, MemberLimit(of_each=3, of_all=4)) == {
                group.id: first[:3],
                second.id: others[:1],
                empty.id: [],
            }
            assert await listed([second.id], MemberLimit(of_all=2)) == {second.id: others[:2]}
            few = await listed(ids, MemberLimit(bytes=1_000))
            assert 0 < sum(map(len, few.values())) < 6
            assert few[group.id] == first[: len(few[group.id])]
            assert await listed([], MemberLimit()) == {}
