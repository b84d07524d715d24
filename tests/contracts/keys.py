"""Contract of the keys interface."""

from dataclasses import replace

from iotflow.domain.accounts import User, UserChange
from iotflow.domain.devices import Device, DeviceKey, DeviceStatus, DeviceSummary
from iotflow.domain.principals import DevicePrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import (
    LATER,
    NOW,
    TransactionalContract,
    add_device,
    new_digest,
)


async def add_key(transactions: Transactions, device_id: int, expires_at: Millis | None = None) -> DeviceKey:
    """Store a key and return it."""
    key = DeviceKey(new_digest(), device_id, "iot_abcdefgh", NOW, expires_at)
    async with transactions.write() as transaction:
        await transaction.keys.add(key)
    return key


class KeysContract(TransactionalContract):
    async def test_a_key_identifies_its_device_in_its_current_state(
        self, transactions: Transactions, tables: RawTables, owner: User, device: Device
    ) -> None:
        await add_key(transactions, (await add_device(transactions, owner.user_id)).id)
        key = await add_key(transactions, device.id)
        async with transactions.write() as transaction:
            await transaction.devices.update(device.id, {"name": "new name", "status": "maintenance"}, LATER)
        async with transactions.read() as transaction:
            summary = DeviceSummary(device.id, owner.user_id, "new name", device.device_type, DeviceStatus.MAINTENANCE)
            assert await transaction.keys.find(key.digest, NOW) == DevicePrincipal(summary, key.digest, None)
            assert await transaction.keys.get(key.digest) == key
        assert {bytes(row["digest"]): row["device_id"] for row in await tables.rows("device_keys")}[key.digest] == (
            device.id
        )

    async def test_an_unknown_key_identifies_no_device(self, transactions: Transactions, device: Device) -> None:
        key = await add_key(transactions, device.id)
        async with transactions.read() as transaction:
            for other in (new_digest(), key.digest[:-1], b""):
                assert await transaction.keys.find(other, NOW) is None
                assert await transaction.keys.get(other) is None

    async def test_a_former_key_ends_at_its_expiry(self, transactions: Transactions, device: Device) -> None:
        key = await add_key(transactions, device.id, expires_at=LATER)
        async with transactions.read() as transaction:
            found = await transaction.keys.find(key.digest, Millis(LATER - 1))
            assert found is not None
            assert found.expires_at == LATER
            assert await transaction.keys.find(key.digest, LATER) is None

    async def test_a_deactivated_user_s_devices_are_suspended(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        key = await add_key(transactions, device.id)
        for active in (False, True):
            async with transactions.write() as transaction:
                await transaction.accounts.update(owner.user_id, UserChange(is_active=active), LATER)
            async with transactions.read() as transaction:
                assert (await transaction.keys.find(key.digest, NOW) is not None) == active

    async def test_retiring_without_grace_ends_all_keys(
        self, transactions: Transactions, tables: RawTables, device: Device
    ) -> None:
        keys = [await add_key(transactions, device.id), await add_key(transactions, device.id, LATER)]
        async with transactions.write() as transaction:
            retired = await transaction.keys.expire_keys(device.id, None)
        assert sorted(retired) == sorted(key.digest for key in keys)
        assert await tables.rows("device_keys") == []

    async def test_retiring_with_grace_keeps_the_current_key_and_ends_an_older_one(
        self, transactions: Transactions, owner: User, device: Device
    ) -> None:
        bystander = await add_key(transactions, (await add_device(transactions, owner.user_id)).id)
        first = await add_key(transactions, device.id)
        until, longer = Millis(NOW + 5_000), Millis(NOW + 9_000)
        async with transactions.write() as transaction:
            assert await transaction.keys.expire_keys(device.id, until) == [first.digest]
        second = await add_key(transactions, device.id)
        async with transactions.read() as transaction:
            assert await transaction.keys.get(first.digest) == replace(first, expires_at=until)
            assert await transaction.keys.get(second.digest) == second
        async with transactions.write() as transaction:
            assert sorted(await transaction.keys.expire_keys(device.id, longer)) == sorted(
                [first.digest, second.digest]
            )
        async with transactions.read() as transaction:
            assert await transaction.keys.get(first.digest) is None
            assert await transaction.keys.get(second.digest) == replace(second, expires_at=longer)
            assert await transaction.keys.get(bystander.digest) == bystander

    async def test_retiring_without_keys_returns_none(self, transactions: Transactions, device: Device) -> None:
        async with transactions.write() as transaction:
            assert await transaction.keys.expire_keys(device.id, LATER) == []

    async def test_digests_are_listed_by_device(self, transactions: Transactions, owner: User, device: Device) -> None:
        second = await add_device(transactions, owner.user_id)
        keys = [await add_key(transactions, device.id), await add_key(transactions, device.id, LATER)]
        await add_key(transactions, second.id)
        async with transactions.read() as transaction:
            assert sorted(await transaction.keys.digests_of_device(device.id)) == sorted(key.digest for key in keys)

    async def test_deleting_a_device_deletes_its_keys(
        self, transactions: Transactions, tables: RawTables, device: Device
    ) -> None:
        key = await add_key(transactions, device.id)
        async with transactions.write() as transaction:
            await transaction.devices.delete(device.id)
        async with transactions.read() as transaction:
            assert await transaction.keys.find(key.digest, NOW) is None
        assert await tables.rows("device_keys") == []

    async def test_expired_keys_are_deleted_in_chunks(
        self, transactions: Transactions, tables: RawTables, device: Device
    ) -> None:
        for offset in range(5):
            await add_key(transactions, device.id, Millis(NOW + offset))
        kept = {
            (await add_key(transactions, device.id, Millis(NOW + 10_000))).digest,
            (await add_key(transactions, device.id)).digest,
        }
        forgotten = []
        for _ in range(3):
            async with transactions.write() as transaction:
                forgotten.append(await transaction.keys.delete_expired(Millis(NOW + 4), 3))
        assert forgotten == [3, 2, 0]
        assert {bytes(row["digest"]) for row in await tables.rows("device_keys")} == kept
