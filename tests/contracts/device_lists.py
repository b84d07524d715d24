"""Contract of the devices interface: lists, filters and counts."""

import asyncio
import itertools
from uuid import uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.devices import Device, DeviceFilter, DeviceStatus, NewDevice
from iotflow.repositories.transactions import Transactions
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user

EVERYONE = DeviceFilter()


class DeviceListsContract(TransactionalContract):
    async def test_pages_are_by_id_with_the_total_number(self, transactions: Transactions, owner: User) -> None:
        devices = [await add_device(transactions, owner.user_id) for _ in range(5)]
        async with transactions.read() as transaction:
            assert await transaction.devices.page(EVERYONE, 2, 0) == (devices[:2], 5)
            assert await transaction.devices.page(EVERYONE, 2, 4) == (devices[4:], 5)
            assert await transaction.devices.page(EVERYONE, 2, 5) == ([], 5)

    async def test_filters_are_combined(self, transactions: Transactions, owner: User) -> None:
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
    async def test_a_part_of_the_name_is_found_in_any_case_and_literally(
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

    async def test_concurrent_additions_to_one_account_count_each_other(
        self, transactions: Transactions, owner: User
    ) -> None:
        async def register(name: str) -> bool:
            async with transactions.write() as transaction:
                await transaction.devices.add(owner.user_id, NewDevice(name, "sensor"), NOW)
                return await transaction.devices.has_more_than(3, owner.user_id)

        assert sorted(await asyncio.gather(*(register(f"device {i}") for i in range(6)))) == [False] * 3 + [True] * 3

    async def test_ids_of_a_user_s_devices_in_chunks(self, transactions: Transactions, owner: User) -> None:
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

    async def test_counts_contain_every_status(self, transactions: Transactions, owner: User) -> None:
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

    async def test_a_users_devices_are_counted(self, transactions: Transactions, owner: User) -> None:
        other = await add_user(transactions)
        kinds = ((owner, "pump"), (owner, "valve"), (owner, "valve"), (owner, "fan"), (other, "lamp"))
        for number, (user, kind) in enumerate(kinds):
            async with transactions.write() as transaction:
                device = await transaction.devices.add(user.user_id, NewDevice(f"n{number}", kind), NOW)
                if kind == "pump":
                    await transaction.devices.update(device.id, {"status": "maintenance"}, NOW)
        async with transactions.read() as transaction:
            devices = transaction.devices
            assert await devices.count_by_status(owner.user_id) == {
                DeviceStatus.ACTIVE: 0,
                DeviceStatus.MAINTENANCE: 1,
                DeviceStatus.INACTIVE: 3,
            }
            assert [*(await devices.count_by_type(owner.user_id, 2)).items()] == [("valve", 2), ("fan", 1)]
            assert await devices.count_by_type(owner.user_id, 9) == {"valve": 2, "fan": 1, "pump": 1}
        async with transactions.write() as transaction:
            await transaction.accounts.mark_deleted(owner.user_id, NOW)
        async with transactions.read() as transaction:
            assert await transaction.devices.count_by_type(owner.user_id, 9) == {}
