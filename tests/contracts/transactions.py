"""Contract of transactions."""

import asyncio

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.devices import Device, NewDevice
from iotflow.domain.errors import Conflict, StoreUnavailable
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import LATER, NOW, TransactionalContract, add_device, add_user, new_user


class Interrupted(Exception):
    """Raised by a test within a transaction."""


class TransactionsContract(TransactionalContract):
    async def test_a_change_is_durable_when_the_block_ends(self, transactions: Transactions, tables: RawTables) -> None:
        async with transactions.write() as transaction:
            await transaction.accounts.add(new_user(), "hash")
            assert await tables.rows("users") == []
        assert len(await tables.rows("users")) == 1

    @pytest.mark.parametrize("failure", [Interrupted, Conflict])
    async def test_all_changes_of_a_failed_block_are_rolled_back(
        self, transactions: Transactions, tables: RawTables, owner: User, failure: type[Exception]
    ) -> None:
        async def change_and_fail() -> None:
            async with transactions.write() as transaction:
                device = await transaction.devices.add(owner.user_id, NewDevice("n", "t"), NOW)
                await transaction.configs.add(device.id, NOW)
                await transaction.accounts.record_login(owner.user_id, LATER)
                if failure is Conflict:
                    await transaction.devices.add(owner.user_id, NewDevice("n", "t"), NOW)
                raise Interrupted

        with pytest.raises(failure):
            await change_and_fail()
        assert [await tables.rows(table) for table in ("devices", "device_configs")] == [[], []]
        assert [row["last_login"] for row in await tables.rows("users")] == [None]

    async def test_a_cancelled_block_is_rolled_back_and_the_store_stays_usable(
        self, transactions: Transactions, tables: RawTables
    ) -> None:
        changed = asyncio.Event()

        async def hang() -> None:
            async with transactions.write() as transaction:
                await transaction.accounts.add(new_user(), "hash")
                changed.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await changed.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        user = await add_user(transactions)
        assert [row["username"] for row in await tables.rows("users")] == [user.username]

    async def test_actions_after_a_commit_run_in_order_before_the_block_ends(
        self, transactions: Transactions, tables: RawTables
    ) -> None:
        seen: list[tuple[str, int]] = []

        async def look(what: str) -> None:
            seen.append((what, len(await tables.rows("users"))))

        async with transactions.write() as transaction:
            transaction.after_commit(lambda: look("first"))
            await transaction.accounts.add(new_user(), "hash")
            transaction.after_commit(lambda: look("second"))
            await look("inside")
        assert seen == [("inside", 0), ("first", 1), ("second", 1)]

    async def test_actions_after_a_commit_do_not_run_after_a_rollback(self, transactions: Transactions) -> None:
        followed: list[str] = []

        async def follow() -> None:
            followed.append("it did")

        async def fail() -> None:
            async with transactions.write() as transaction:
                transaction.after_commit(follow)
                raise Interrupted

        with pytest.raises(Interrupted):
            await fail()
        async with transactions.write():
            """A change after the lost one."""
        assert followed == []

    async def test_an_action_after_a_commit_may_begin_a_transaction(self, transactions: Transactions) -> None:
        user = new_user()

        async def follow() -> None:
            async with transactions.write() as following:
                await following.accounts.record_login(user.user_id, LATER)

        async with transactions.write() as transaction:
            await transaction.accounts.add(user, "hash")
            transaction.after_commit(follow)
        async with transactions.read() as transaction:
            found = await transaction.accounts.get(user.user_id)
        assert found is not None
        assert found.last_login == LATER

    async def test_uncommitted_changes_are_visible_only_in_their_transaction(
        self, transactions: Transactions, owner: User
    ) -> None:
        async with transactions.write() as transaction:
            device = await transaction.devices.add(owner.user_id, NewDevice("n", "t"), NOW)
            assert await transaction.devices.get(device.id) == device
            async with transactions.read() as reading:
                assert await reading.devices.get(device.id) is None
        async with transactions.read() as reading:
            assert await reading.devices.get(device.id) == device

    async def test_a_change_in_a_read_transaction_fails_or_is_rolled_back(
        self, transactions: Transactions, tables: RawTables, device: Device
    ) -> None:
        try:
            async with transactions.read() as transaction:
                await transaction.devices.update(device.id, {"name": "changed"}, LATER)
        except StoreUnavailable:
            pass
        assert [row["name"] for row in await tables.rows("devices")] == [device.name]

    async def test_readers_do_not_wait_for_a_writer(self, transactions: Transactions, owner: User) -> None:
        async with transactions.write() as transaction:
            await transaction.accounts.record_login(owner.user_id, LATER)
            async with asyncio.timeout(5), transactions.read() as reading:
                assert await reading.accounts.get(owner.user_id) == owner

    async def test_concurrent_read_modify_write_loses_no_change(
        self, transactions: Transactions, device: Device
    ) -> None:
        async with transactions.write() as transaction:
            await transaction.configs.add(device.id, NOW)

        async def count() -> None:
            changed = False
            while not changed:
                async with transactions.read() as reading:
                    config = await reading.configs.get(device.id)
                assert config is not None
                counted = config.settings.get("counted", 0)
                assert isinstance(counted, int)
                try:
                    async with transactions.write() as transaction:
                        await transaction.configs.update(
                            device.id, {"counted": counted + 1}, config.config_version, LATER
                        )
                    changed = True
                except Conflict:
                    changed = False

        async with asyncio.TaskGroup() as counters:
            for _ in range(8):
                counters.create_task(count())
        async with transactions.read() as transaction:
            config = await transaction.configs.get(device.id)
        assert config is not None
        assert (config.settings, config.config_version) == ({"counted": 8}, 9)

    async def test_concurrent_writers_all_succeed(
        self, transactions: Transactions, tables: RawTables, owner: User
    ) -> None:
        devices = await asyncio.gather(*(add_device(transactions, owner.user_id) for _ in range(30)))
        assert {row["id"] for row in await tables.rows("devices")} == {device.id for device in devices}
        assert len({device.id for device in devices}) == 30
