"""What the devices role promises."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.devices import Device, DeviceFilter, DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.groups import NewGroup
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user

EVERYONE = DeviceFilter()

Change = dict[str, Any]
"""Fields to their new values. Any: each has its own type."""


class DevicesContract(TransactionalContract):
    async def test_a_new_device_is_stored_inactive(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        described = NewDevice("pump", "actuator", "waters", "shed", "1.0", "rev B")
        async with transactions.write() as transaction:
            device = await transaction.devices.add(owner.user_id, described, NOW)
        assert device == Device(
            id=device.id,
            user_id=owner.user_id,
            name="pump",
            device_type="actuator",
            description="waters",
            location="shed",
            firmware_version="1.0",
            hardware_version="rev B",
            status=DeviceStatus.INACTIVE,
            created_at=NOW,
            updated_at=NOW,
            last_seen=None,
        )
        async with transactions.read() as transaction:
            assert await transaction.devices.get(device.id) == device
            assert await transaction.devices.get(device.id + 1) is None
        (row,) = await tables.rows("devices")
        assert UUID(str(row["user_id"])) == owner.user_id
        assert (row["id"], row["name"], row["status"]) == (device.id, "pump", "inactive")

    async def test_what_an_owner_does_not_say_is_none(self, transactions: Transactions, owner: User) -> None:
        async with transactions.write() as transaction:
            device = await transaction.devices.add(owner.user_id, NewDevice("n", "t"), NOW)
        said = (device.description, device.location, device.firmware_version, device.hardware_version)
        assert said == (None,) * 4

    async def test_a_device_needs_a_user(self, transactions: Transactions, tables: RawTables) -> None:
        with pytest.raises(NotFound):
            await add_device(transactions, uuid4())
        assert await tables.rows("devices") == []

    async def test_a_name_is_taken_to_the_letter_and_among_its_owner_s(
        self, transactions: Transactions, owner: User
    ) -> None:
        device = await add_device(transactions, owner.user_id, "Pump")
        with pytest.raises(Conflict, match="Pump"):
            await add_device(transactions, owner.user_id, "Pump")
        other = await add_device(transactions, owner.user_id, "pump")
        await add_device(transactions, (await add_user(transactions)).user_id, "Pump")
        with pytest.raises(Conflict, match="Pump"):
            async with transactions.write() as transaction:
                await transaction.devices.update(other.id, {"name": "Pump"}, LATER)
        async with transactions.write() as transaction:
            await transaction.devices.update(device.id, {"name": "Pump"}, LATER)

    async def test_a_deleted_device_s_id_is_never_given_again(self, transactions: Transactions, owner: User) -> None:
        given = [(await add_device(transactions, owner.user_id)).id for _ in range(3)]
        # The highest: what a plain row id would give again.
        for device_id in (given[2], given[0], given[1]):
            async with transactions.write() as transaction:
                await transaction.devices.delete(device_id)
            given.append((await add_device(transactions, owner.user_id)).id)
        async with transactions.write() as transaction:
            await transaction.accounts.delete(owner.user_id)
        given.append((await add_device(transactions, (await add_user(transactions)).user_id)).id)
        assert len(set(given)) == 7
        assert sorted(given) == given

    async def test_a_deleted_device_is_gone_and_its_name_free(
        self, transactions: Transactions, tables: RawTables, owner: User, device: Device
    ) -> None:
        async with transactions.write() as transaction:
            await transaction.configs.add(device.id, NOW)
            group = await transaction.groups.add(owner.user_id, NewGroup("g"), NOW)
            await transaction.groups.add_members(group.id, [device.id], NOW)
            await transaction.devices.delete(device.id)
        for table in ("devices", "device_configs", "group_members"):
            assert await tables.rows(table) == []
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.devices.delete(device.id)
        await add_device(transactions, owner.user_id, device.name)

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "new"},
            {"description": None, "location": "roof"},
            {"device_type": "x", "firmware_version": "2", "hardware_version": None},
            {"status": "maintenance"},
            {},
        ],
    )
    async def test_a_change_leaves_what_it_does_not_name(
        self, transactions: Transactions, owner: User, change: Change
    ) -> None:
        async with transactions.write() as transaction:
            device = await transaction.devices.add(owner.user_id, NewDevice("n", "t", "d", "l", "f", "h"), NOW)
            changed = await transaction.devices.update(device.id, change, LATER)
        assert changed == replace(device, **change, updated_at=LATER)
        assert isinstance(changed.status, DeviceStatus)
        async with transactions.read() as transaction:
            assert await transaction.devices.get(device.id) == changed

    async def test_an_unknown_device_can_not_be_changed(self, transactions: Transactions, device: Device) -> None:
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.devices.update(device.id + 1, {"name": "x"}, LATER)

    async def test_those_locked_come_by_id_and_unknown_ones_are_left_out(
        self, transactions: Transactions, owner: User
    ) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(3)]
        async with transactions.write() as transaction:
            asked = [devices[2].id, devices[0].id, devices[2].id + 1_000]
            assert await transaction.devices.lock(asked) == [devices[0], devices[2]]
            assert await transaction.devices.lock([]) == []
            assert await transaction.devices.lock(range(devices[0].id, devices[0].id + 1_000)) == devices

    async def test_a_locked_device_is_changed_by_nobody_else(self, transactions: Transactions, device: Device) -> None:
        async def rename() -> Device:
            async with transactions.write() as transaction:
                (found,) = await transaction.devices.lock([device.id])
                await transaction.devices.update(device.id, {"name": f"{found.name}, again"}, LATER)
            return found

        async with transactions.write() as transaction:
            await transaction.devices.lock([device.id])
            renaming = asyncio.create_task(rename())
            await asyncio.wait([renaming], timeout=0.1)
            changed = await transaction.devices.update(device.id, {"name": "changed"}, NOW)
        assert await renaming == changed

    async def test_inactive_devices_are_activated_and_told(self, transactions: Transactions, owner: User) -> None:
        inactive, active, maintained, other = [await add_device(transactions, owner.user_id) for _ in range(4)]
        async with transactions.write() as transaction:
            await transaction.devices.update(active.id, {"status": "active"}, NOW)
            await transaction.devices.update(maintained.id, {"status": "maintenance"}, NOW)
        asked = [inactive.id, active.id, maintained.id, other.id + 1]
        async with transactions.write() as transaction:
            activated = await transaction.devices.activate(asked, LATER)
            assert await transaction.devices.activate(asked, LATER) == []
        assert activated == [replace(inactive, status=DeviceStatus.ACTIVE, updated_at=LATER)]
        async with transactions.read() as transaction:
            statuses = {device.id: device.status for device in (await transaction.devices.page(EVERYONE, 9, 0))[0]}
        assert statuses == {
            inactive.id: DeviceStatus.ACTIVE,
            active.id: DeviceStatus.ACTIVE,
            maintained.id: DeviceStatus.MAINTENANCE,
            other.id: DeviceStatus.INACTIVE,
        }

    async def test_pages_are_by_id_and_tell_how_many_match(self, transactions: Transactions, owner: User) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(5)]
        async with transactions.read() as transaction:
            assert await transaction.devices.page(EVERYONE, 2, 0) == (devices[:2], 5)
            assert await transaction.devices.page(EVERYONE, 2, 4) == (devices[4:], 5)
            assert await transaction.devices.page(EVERYONE, 2, 5) == ([], 5)

    async def test_filters_restrict_a_list_together(self, transactions: Transactions, owner: User) -> None:
        other = await add_user(transactions)
        pump = await add_device(transactions, owner.user_id, "pump", "actuator")
        valve = await add_device(transactions, owner.user_id, "valve", "actuator")
        probe = await add_device(transactions, owner.user_id, "probe", "sensor")
        foreign = await add_device(transactions, other.user_id, "pump", "sensor")
        async with transactions.write() as transaction:
            valve = await transaction.devices.update(valve.id, {"status": "active"}, NOW)
        expected = {
            DeviceFilter(user_id=owner.user_id): [pump, valve, probe],
            DeviceFilter(user_id=uuid4()): [],
            DeviceFilter(status=DeviceStatus.ACTIVE): [valve],
            DeviceFilter(device_type="sensor"): [probe, foreign],
            DeviceFilter(device_type="Sensor"): [],
            DeviceFilter(user_id=owner.user_id, device_type="actuator", status=DeviceStatus.INACTIVE): [pump],
            DeviceFilter(user_id=other.user_id, name_part="p"): [foreign],
        }
        async with transactions.read() as transaction:
            for where, devices in expected.items():
                assert await transaction.devices.page(where, 9, 0) == (devices, len(devices)), where

    @pytest.mark.parametrize(
        ("part", "found"),
        [
            ("PUMP", ["Pump 1"]),
            ("kÜhl", ["KÜHLSCHRANK"]),
            ("strasse", ["Straße"]),
            ("straße", ["Straße"]),
            ("%", ["100% wet"]),
            ("_", ["under_score"]),
            ("/", ["a/b"]),
            ("\\", ["c\\d"]),
            ("'", ["it's"]),
            ("", ["Pump 1", "KÜHLSCHRANK", "Straße", "100% wet", "under_score", "a/b", "c\\d", "it's"]),
        ],
    )
    async def test_a_part_of_the_name_is_found_in_any_case_and_to_the_letter(
        self, transactions: Transactions, owner: User, part: str, found: list[str]
    ) -> None:
        for name in ("Pump 1", "KÜHLSCHRANK", "Straße", "100% wet", "under_score", "a/b", "c\\d", "it's"):
            await add_device(transactions, owner.user_id, name)
        async with transactions.read() as transaction:
            devices, _ = await transaction.devices.page(DeviceFilter(name_part=part), 9, 0)
        assert [device.name for device in devices] == found

    async def test_a_renamed_device_is_found_by_its_new_name(self, transactions: Transactions, device: Device) -> None:
        async with transactions.write() as transaction:
            await transaction.devices.update(device.id, {"name": "Übersee"}, LATER)
        async with transactions.read() as transaction:
            assert (await transaction.devices.page(DeviceFilter(name_part="über"), 9, 0))[1] == 1
            assert (await transaction.devices.page(DeviceFilter(name_part=device.name), 9, 0))[1] == 0

    async def test_an_account_s_devices_are_counted(self, transactions: Transactions, owner: User) -> None:
        other = await add_user(transactions)
        for user, name in itertools.product((owner, other), "ab"):
            await add_device(transactions, user.user_id, name)
        await add_device(transactions, owner.user_id)
        async with transactions.read() as transaction:
            has_more_than = transaction.devices.has_more_than
            assert [await has_more_than(number, owner.user_id) for number in range(5)] == [True] * 3 + [False] * 2
            assert not await has_more_than(2, other.user_id)

    async def test_of_two_who_add_to_one_account_each_counts_the_other(
        self, transactions: Transactions, owner: User
    ) -> None:
        async def register(name: str) -> bool:
            async with transactions.write() as transaction:
                await transaction.devices.add(owner.user_id, NewDevice(name, "sensor"), NOW)
                return await transaction.devices.has_more_than(3, owner.user_id)

        assert sorted(await asyncio.gather(*(register(f"device {i}") for i in range(6)))) == [False] * 3 + [True] * 3

    async def test_devices_of_a_user_marked_as_deleted_are_invisible_and_removed_in_chunks(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(3)]
        ids = [device.id for device in devices]
        other = await add_device(transactions, (await add_user(transactions)).user_id)
        async with transactions.write() as transaction:
            await transaction.devices.record_seen(dict.fromkeys([*ids, other.id], NOW))
            await transaction.accounts.mark_deleted(owner.user_id, NOW)
        async with transactions.write() as transaction:
            assert await transaction.devices.get(ids[0]) is None
            assert [device.id for device in await transaction.devices.lock([*ids, other.id])] == [other.id]
            assert await transaction.devices.activate(ids, NOW) == []
            assert (await transaction.devices.page(DeviceFilter(), 9, 0))[1] == 1
            assert await transaction.devices.page(DeviceFilter(user_id=owner.user_id), 9, 0) == ([], 0)
            assert sum((await transaction.devices.count_by_status()).values()) == 1
            assert await transaction.devices.count_seen_since(NOW) == 1
            with pytest.raises(NotFound):
                await transaction.devices.add(owner.user_id, NewDevice("late", "sensor"), NOW)
        for removed in (ids[:2], ids[2:], []):
            async with transactions.write() as transaction:
                assert await transaction.devices.delete_of_user(owner.user_id, 2) == removed
        assert [row["id"] for row in await tables.rows("devices")] == [other.id]

    async def test_ids_of_a_user_s_devices_in_parts(self, transactions: Transactions, owner: User) -> None:
        mine = [(await add_device(transactions, owner.user_id)).id for _ in range(3)]
        await add_device(transactions, (await add_user(transactions)).user_id)
        async with transactions.read() as transaction:
            ids_after = transaction.devices.ids_after
            assert await ids_after(owner.user_id, 0, 2) == mine[:2]
            assert await ids_after(owner.user_id, mine[1], 2) == mine[2:]
            assert await ids_after(owner.user_id, mine[2], 2) == []
            assert await ids_after(uuid4(), 0, 2) == []

    async def test_names_of_devices(self, transactions: Transactions, owner: User) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(3)]
        async with transactions.read() as transaction:
            names = transaction.devices.names
            assert await names([devices[0].id, devices[2].id, devices[2].id + 1_000]) == {
                device.id: device.name for device in (devices[0], devices[2])
            }
            assert await names([]) == {}

    async def test_counts_name_every_status(self, transactions: Transactions, owner: User) -> None:
        async with transactions.read() as transaction:
            assert await transaction.devices.count_by_status() == dict.fromkeys(DeviceStatus, 0)
        for status in ("active", "active", "maintenance"):
            device = await add_device(transactions, owner.user_id)
            async with transactions.write() as transaction:
                await transaction.devices.update(device.id, {"status": status}, NOW)
        async with transactions.read() as transaction:
            assert await transaction.devices.count_by_status() == {
                DeviceStatus.ACTIVE: 2,
                DeviceStatus.MAINTENANCE: 1,
                DeviceStatus.INACTIVE: 0,
            }

    async def test_an_older_sight_never_replaces_a_newer(self, transactions: Transactions, owner: User) -> None:
        first, second, third = [(await add_device(transactions, owner.user_id)).id for _ in range(3)]
        for seen in ({first: NOW, second: LATER}, {first: LATER, second: NOW, third + 1: NOW}, {}):
            async with transactions.write() as transaction:
                await transaction.devices.record_seen(seen)
        async with transactions.read() as transaction:
            devices = [await transaction.devices.get(device) for device in (first, second, third)]
            assert [device and device.last_seen for device in devices] == [LATER, LATER, None]
            assert await transaction.devices.count_seen_since(LATER) == 2
            assert await transaction.devices.count_seen_since(Millis(LATER + 1)) == 0

    async def test_a_sight_of_the_future_is_brought_back(self, transactions: Transactions, owner: User) -> None:
        first, second = [(await add_device(transactions, owner.user_id)).id for _ in range(2)]
        async with transactions.write() as transaction:
            await transaction.devices.record_seen({first: LATER, second: Millis(LATER + 1)})
            await transaction.devices.clamp_last_seen(LATER, NOW)
        async with transactions.read() as transaction:
            devices = [await transaction.devices.get(device) for device in (first, second)]
        assert [device and device.last_seen for device in devices] == [LATER, NOW]

    async def test_a_device_may_have_limits_of_its_own(self, transactions: Transactions, owner: User) -> None:
        device = await add_device(transactions, owner.user_id)
        assert (device.requests_per_second, device.points_per_second) == (None, None)
        for requests, points in ((5, 0), (None, 1_000_000_000), (None, None)):
            change = {"requests_per_second": requests, "points_per_second": points}
            async with transactions.write() as transaction:
                changed = await transaction.devices.update(device.id, change, NOW)
            assert (changed.requests_per_second, changed.points_per_second) == (requests, points)
            async with transactions.read() as transaction:
                assert await transaction.devices.get(device.id) == changed
