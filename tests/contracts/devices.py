"""Contract of the devices interface: stored devices, changes, locks and deletion."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.devices import MAX_ONLINE_WINDOW_S, Device, DeviceChange, DeviceFilter, DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.groups import NewGroup
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user

EVERYONE = DeviceFilter()


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

    async def test_fields_that_are_not_given_are_none(self, transactions: Transactions, owner: User) -> None:
        async with transactions.write() as transaction:
            device = await transaction.devices.add(owner.user_id, NewDevice("n", "t"), NOW)
        details = (device.description, device.location, device.firmware_version, device.hardware_version)
        assert details == (None,) * 4

    async def test_a_device_needs_a_user(self, transactions: Transactions, tables: RawTables) -> None:
        with pytest.raises(NotFound):
            await add_device(transactions, uuid4())
        assert await tables.rows("devices") == []

    async def test_names_are_case_sensitive_and_unique_per_owner(self, transactions: Transactions, owner: User) -> None:
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

    async def test_the_id_of_a_deleted_device_is_never_reused(self, transactions: Transactions, owner: User) -> None:
        given = [(await add_device(transactions, owner.user_id)).id for _ in range(3)]
        # SQLite would reuse the highest row id without AUTOINCREMENT.
        for device_id in (given[2], given[0], given[1]):
            async with transactions.write() as transaction:
                await transaction.devices.delete(device_id)
            given.append((await add_device(transactions, owner.user_id)).id)
        async with transactions.write() as transaction:
            await transaction.accounts.delete(owner.user_id)
        given.append((await add_device(transactions, (await add_user(transactions)).user_id)).id)
        assert len(set(given)) == 7
        assert sorted(given) == given

    async def test_a_deleted_device_is_removed_and_its_name_is_free(
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
    async def test_a_change_keeps_fields_that_it_does_not_contain(
        self, transactions: Transactions, owner: User, change: DeviceChange
    ) -> None:
        async with transactions.write() as transaction:
            device = await transaction.devices.add(owner.user_id, NewDevice("n", "t", "d", "l", "f", "h"), NOW)
            changed = await transaction.devices.update(device.id, change, LATER)
        fields: dict[str, Any] = {**change}  # Any: each field has its own type
        assert changed == replace(device, **fields, updated_at=LATER)
        assert isinstance(changed.status, DeviceStatus)
        async with transactions.read() as transaction:
            assert await transaction.devices.get(device.id) == changed

    async def test_an_unknown_device_can_not_be_changed(self, transactions: Transactions, device: Device) -> None:
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.devices.update(device.id + 1, {"name": "x"}, LATER)

    async def test_locked_devices_are_returned_by_id_without_unknown_ones(
        self, transactions: Transactions, owner: User
    ) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(3)]
        async with transactions.write() as transaction:
            asked = [devices[2].id, devices[0].id, devices[2].id + 1_000]
            assert await transaction.devices.lock(asked) == [devices[0], devices[2]]
            assert await transaction.devices.lock([]) == []
            assert await transaction.devices.lock(range(devices[0].id, devices[0].id + 1_000)) == devices

    async def test_a_locked_device_is_not_changed_by_another_transaction(
        self, transactions: Transactions, device: Device
    ) -> None:
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

    async def test_inactive_devices_are_activated_and_returned(self, transactions: Transactions, owner: User) -> None:
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
            assert await transaction.devices.some_of_user(owner.user_id, ids) == []
            assert await transaction.devices.count_online(NOW, 300) == 1
            with pytest.raises(NotFound):
                await transaction.devices.add(owner.user_id, NewDevice("late", "sensor"), NOW)
        for removed in (ids[:2], ids[2:], []):
            async with transactions.write() as transaction:
                assert await transaction.devices.delete_of_user(owner.user_id, 2) == removed
        assert [row["id"] for row in await tables.rows("devices")] == [other.id]

    async def test_an_older_last_seen_time_never_replaces_a_newer(
        self, transactions: Transactions, owner: User
    ) -> None:
        first, second, third = [(await add_device(transactions, owner.user_id)).id for _ in range(3)]
        for seen in ({first: NOW, second: LATER}, {first: LATER, second: NOW, third + 1: NOW}, {}):
            async with transactions.write() as transaction:
                await transaction.devices.record_seen(seen)
        async with transactions.read() as transaction:
            devices = [await transaction.devices.get(device) for device in (first, second, third)]
            assert [device and device.last_seen for device in devices] == [LATER, LATER, None]
            assert await transaction.devices.count_online(Millis(LATER + 299_999), 300) == 2
            assert await transaction.devices.count_online(Millis(LATER + 300_000), 300) == 0

    async def test_a_device_may_have_its_online_window(self, transactions: Transactions, owner: User) -> None:
        windows = {
            (await add_device(transactions, owner.user_id)).id: window for window in (None, 60, MAX_ONLINE_WINDOW_S)
        }
        async with transactions.write() as transaction:
            for device_id, window in windows.items():
                assert (
                    await transaction.devices.update(device_id, {"online_window": window}, NOW)
                ).online_window == window
            await transaction.devices.record_seen(dict.fromkeys(windows, NOW))
        for age_ms, online in (
            (59_999, 3),
            (60_000, 2),
            (299_999, 2),
            (300_000, 1),
            (MAX_ONLINE_WINDOW_S * 1_000 - 1, 1),
            (MAX_ONLINE_WINDOW_S * 1_000, 0),
        ):
            now = Millis(NOW + age_ms)
            async with transactions.read() as transaction:
                assert await transaction.devices.count_online(now, 300) == online
                devices, _ = await transaction.devices.page(DeviceFilter(), 9, 0)
            assert sum(device.is_online(now, 300) for device in devices) == online

    async def test_some_devices_of_a_user_are_found(self, transactions: Transactions, owner: User) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(3)]
        other = await add_device(transactions, (await add_user(transactions)).user_id)
        ids = [devices[2].id, devices[0].id, other.id, other.id + 1]
        async with transactions.read() as transaction:
            assert await transaction.devices.some_of_user(owner.user_id, ids) == [devices[0], devices[2]]
            assert await transaction.devices.some_of_user(owner.user_id, []) == []

    async def test_a_last_seen_time_in_the_future_is_corrected(self, transactions: Transactions, owner: User) -> None:
        first, second = [(await add_device(transactions, owner.user_id)).id for _ in range(2)]
        async with transactions.write() as transaction:
            await transaction.devices.record_seen({first: LATER, second: Millis(LATER + 1)})
            await transaction.devices.clamp_last_seen(LATER, NOW)
        async with transactions.read() as transaction:
            devices = [await transaction.devices.get(device) for device in (first, second)]
        assert [device and device.last_seen for device in devices] == [LATER, NOW]

    async def test_a_device_may_have_rate_limits(self, transactions: Transactions, owner: User) -> None:
        device = await add_device(transactions, owner.user_id)
        assert (device.requests_per_second, device.points_per_second) == (None, None)
        for requests, points in ((5, 0), (None, 1_000_000_000), (None, None)):
            change = DeviceChange(requests_per_second=requests, points_per_second=points)
            async with transactions.write() as transaction:
                changed = await transaction.devices.update(device.id, change, NOW)
            assert (changed.requests_per_second, changed.points_per_second) == (requests, points)
            async with transactions.read() as transaction:
                assert await transaction.devices.get(device.id) == changed
