"""Contract of the accounts interface."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from iotflow.domain.accounts import User, UserChange, UserCredentials
from iotflow.domain.devices import Device, DeviceKey
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.groups import Group
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.contracts.raw import RawTables
from tests.contracts.transactional import (
    LATER,
    NOW,
    TransactionalContract,
    add_device,
    add_user,
    new_digest,
    new_user,
)


class AccountsContract(TransactionalContract):
    async def test_a_stored_user_is_found_by_id(self, transactions: Transactions, tables: RawTables) -> None:
        user = new_user("Ada", "Ada@Example.org", is_admin=True, is_active=False, last_login=LATER)
        async with transactions.write() as transaction:
            await transaction.accounts.add(user, "the hash")
        async with transactions.read() as transaction:
            assert await transaction.accounts.get(user.user_id) == user
            assert await transaction.accounts.get_credentials(user.user_id) == UserCredentials(user, "the hash")
            assert await transaction.accounts.get(uuid4()) is None
            assert await transaction.accounts.get_credentials(uuid4()) is None
        (row,) = await tables.rows("users")
        assert UUID(str(row["user_id"])) == user.user_id
        assert (row["username"], row["email"], row["password_hash"]) == ("Ada", "Ada@Example.org", "the hash")

    @pytest.mark.parametrize("login", ["Straße.Ada", "STRASSE.ADA", "straße.ada", "ADA@EXAMPLE.ORG", "ada@example.org"])
    async def test_credentials_are_found_by_name_or_address_in_any_case(
        self, transactions: Transactions, login: str
    ) -> None:
        user = await add_user(transactions, new_user("Straße.Ada", "Ada@Example.org"))
        await add_user(transactions)
        async with transactions.read() as transaction:
            assert await transaction.accounts.find_credentials(login) == UserCredentials(user, "a hash")

    async def test_no_user_is_found_by_another_name(self, transactions: Transactions) -> None:
        await add_user(transactions, new_user("ada_b", "ada@example.org"))
        async with transactions.read() as transaction:
            for login in ("ada", "ada%b", "ada b", "ada-b", "", "ada@example"):
                assert await transaction.accounts.find_credentials(login) is None

    @pytest.mark.parametrize(
        ("username", "email", "what"),
        [("ADA", "other@example.org", "username"), ("other", "aDA@example.ORG", "email")],
    )
    async def test_a_taken_name_or_address_is_a_conflict_that_names_the_field(
        self, transactions: Transactions, tables: RawTables, username: str, email: str, what: str
    ) -> None:
        await add_user(transactions, new_user("ada", "ada@example.org"))
        with pytest.raises(Conflict, match=what):
            await add_user(transactions, new_user(username, email))
        other = await add_user(transactions)
        change = UserChange(username="aDa") if what == "username" else UserChange(email="ADA@example.org")
        with pytest.raises(Conflict, match=what):
            async with transactions.write() as transaction:
                await transaction.accounts.update(other.user_id, change, LATER)
        assert len(await tables.rows("users")) == 2

    async def test_a_user_may_change_the_case_of_their_own_name(self, transactions: Transactions) -> None:
        user = await add_user(transactions, new_user("ada", "ada@example.org"))
        async with transactions.write() as transaction:
            changed = await transaction.accounts.update(
                user.user_id, UserChange(username="ADA", email="ADA@example.org"), LATER
            )
        assert changed == replace(user, username="ADA", email="ADA@example.org", updated_at=LATER)

    @pytest.mark.parametrize(
        "change",
        [
            {"username": "grace"},
            {"email": "grace@example.org"},
            {"is_active": False},
            {"is_admin": True},
            {"username": "grace", "is_admin": True},
            {},
        ],
    )
    async def test_a_change_keeps_fields_that_it_does_not_contain(
        self, transactions: Transactions, owner: User, change: UserChange
    ) -> None:
        async with transactions.write() as transaction:
            changed = await transaction.accounts.update(owner.user_id, change, LATER)
        fields: dict[str, Any] = {**change}  # Any: each field has its own type
        assert changed == replace(owner, **fields, updated_at=LATER)
        async with transactions.read() as transaction:
            assert await transaction.accounts.get_credentials(owner.user_id) == UserCredentials(changed, "a hash")

    async def test_a_renamed_user_is_found_only_by_the_new_name(self, transactions: Transactions) -> None:
        user = await add_user(transactions, new_user("ada", "ada@example.org"))
        async with transactions.write() as transaction:
            await transaction.accounts.update(user.user_id, UserChange(username="grace", password_hash="new"), LATER)
        async with transactions.read() as transaction:
            assert await transaction.accounts.find_credentials("ada") is None
            found = await transaction.accounts.find_credentials("GRACE")
        assert found is not None
        assert (found.user.user_id, found.password_hash) == (user.user_id, "new")
        await add_user(transactions, new_user("Ada", "other@example.org"))

    async def test_unknown_users_can_not_be_changed_or_deleted(
        self, transactions: Transactions, owner: User, tables: RawTables
    ) -> None:
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.accounts.update(uuid4(), UserChange(is_admin=True), LATER)
        with pytest.raises(NotFound):
            async with transactions.write() as transaction:
                await transaction.accounts.mark_deleted(uuid4(), NOW)
        async with transactions.write() as transaction:
            await transaction.accounts.record_login(uuid4(), LATER)
        (row,) = await tables.rows("users")
        assert (bool(row["is_admin"]), row["last_login"]) == (False, None)

    async def test_the_time_of_the_latest_login_is_stored(self, transactions: Transactions, owner: User) -> None:
        async with transactions.write() as transaction:
            await transaction.accounts.record_login(owner.user_id, LATER)
        async with transactions.read() as transaction:
            assert await transaction.accounts.get(owner.user_id) == replace(owner, last_login=LATER)

    async def test_deleting_a_user_deletes_all_rows_of_the_user_and_no_others(
        self, transactions: Transactions, tables: RawTables, owner: User, device: Device, group: Group
    ) -> None:
        other = await add_user(transactions)
        others_device = await add_device(transactions, other.user_id)
        async with transactions.write() as transaction:
            for user, thing in ((owner, device), (other, others_device)):
                await transaction.tokens.add(new_digest(), user.user_id, NOW, LATER)
                await transaction.keys.add(DeviceKey(new_digest(), thing.id, "iot_12345678", NOW, None))
                await transaction.configs.add(thing.id, NOW)
            await transaction.groups.add_members(group.id, [device.id], NOW)
        async with transactions.write() as transaction:
            await transaction.accounts.delete(owner.user_id)
        kept = {
            name: len(await tables.rows(name))
            for name in (
                "users", "tokens", "devices", "device_keys", "device_configs", "device_groups", "group_members"
            )
        }  # fmt: skip
        assert kept == {
            "users": 1,
            "tokens": 1,
            "devices": 1,
            "device_keys": 1,
            "device_configs": 1,
            "device_groups": 0,
            "group_members": 0,
        }
        async with transactions.read() as transaction:
            assert await transaction.accounts.get(owner.user_id) is None
            assert await transaction.accounts.find_credentials(owner.username) is None
            assert await transaction.devices.get(others_device.id) == others_device
        await add_user(transactions, new_user(owner.username, owner.email))

    async def test_a_user_marked_as_deleted_is_invisible_and_their_name_is_free(
        self, transactions: Transactions, tables: RawTables
    ) -> None:
        other = await add_user(transactions)
        user = await add_user(transactions, new_user("ada", "ada@example.org", is_admin=True, last_login=NOW))
        digest = new_digest()
        async with transactions.write() as transaction:
            await transaction.tokens.add(digest, user.user_id, NOW, LATER)
            await transaction.accounts.mark_deleted(user.user_id, LATER)
        again = await add_user(transactions, new_user("ada", "ada@example.org"))
        async with transactions.write() as transaction:
            accounts = transaction.accounts
            assert await accounts.get(user.user_id) is None
            assert await accounts.lock(user.user_id) is None
            assert await accounts.get_credentials(user.user_id) is None
            found = await accounts.find_credentials("ada")
            assert found is not None
            assert found.user == again
            assert await accounts.find_credentials("") is None
            assert await accounts.lock_active_admins() == 0
            assert (await accounts.page(9, 0))[1] == 2
            assert await accounts.count() == (2, 2)
            assert await transaction.tokens.find(digest, NOW) is None
            for change in (accounts.update(user.user_id, UserChange(), NOW), accounts.mark_deleted(user.user_id, NOW)):
                with pytest.raises(NotFound):
                    await change
        (row,) = [row for row in await tables.rows("users") if row["deleted_at"] is not None]
        assert {"ada", "ada@example.org"}.isdisjoint(
            row[column] for column in ("username", "username_key", "email", "email_key")
        )
        assert "example.org" not in row["email"] + row["email_key"]
        assert (row["password_hash"], row["last_login"]) == ("", None)
        async with transactions.write() as transaction:
            await transaction.accounts.delete(user.user_id)
        async with transactions.read() as transaction:
            assert {shown.user_id for shown in (await transaction.accounts.page(9, 0))[0]} == {
                other.user_id,
                again.user_id,
            }

    async def test_pages_are_in_the_order_of_registration(self, transactions: Transactions) -> None:
        users = [new_user(created_at=Millis(NOW + i)) for i in range(7)]
        for user in reversed(users):
            await add_user(transactions, user)
        async with transactions.read() as transaction:
            assert await transaction.accounts.page(3, 0) == (users[:3], 7)
            assert await transaction.accounts.page(3, 6) == (users[6:], 7)
            assert await transaction.accounts.page(3, 7) == ([], 7)

    async def test_users_registered_at_one_time_appear_once_over_all_pages(self, transactions: Transactions) -> None:
        users = [await add_user(transactions) for _ in range(9)]
        async with transactions.read() as transaction:
            shown = [user for offset in (0, 4, 8) for user in (await transaction.accounts.page(4, offset))[0]]
        assert sorted(shown, key=repr) == sorted(users, key=repr)

    async def test_all_users_and_active_users_are_counted(self, transactions: Transactions) -> None:
        async with transactions.read() as transaction:
            assert await transaction.accounts.count() == (0, 0)
        for active in (True, False, True):
            await add_user(transactions, new_user(is_active=active))
        async with transactions.read() as transaction:
            assert await transaction.accounts.count() == (3, 2)

    async def test_a_locked_user_is_not_changed_by_another_transaction(
        self, transactions: Transactions, owner: User
    ) -> None:
        async def promote() -> User | None:
            async with transactions.write() as transaction:
                found = await transaction.accounts.lock(owner.user_id)
                await transaction.accounts.update(owner.user_id, UserChange(is_admin=True), LATER)
            return found

        async with transactions.write() as transaction:
            assert await transaction.accounts.lock(owner.user_id) == owner
            assert await transaction.accounts.lock(uuid4()) is None
            promoting = asyncio.create_task(promote())
            await asyncio.wait([promoting], timeout=0.1)
            changed = await transaction.accounts.update(owner.user_id, UserChange(is_active=False), NOW)
        assert await promoting == changed

    async def test_active_administrators_are_counted_and_locked(self, transactions: Transactions) -> None:
        admins = [await add_user(transactions, new_user(is_admin=True)) for _ in range(3)]
        await add_user(transactions, new_user(is_admin=True, is_active=False))
        await add_user(transactions)

        async with transactions.write() as transaction:
            assert await transaction.accounts.lock_active_admins() == 3

        async def demote(admin: User) -> None:
            async with transactions.write() as transaction:
                if await transaction.accounts.lock_active_admins() > 1:
                    await asyncio.sleep(0)
                    await transaction.accounts.update(admin.user_id, UserChange(is_admin=False), LATER)

        async with asyncio.TaskGroup() as demotions:
            for admin in admins:
                demotions.create_task(demote(admin))
        async with transactions.read() as transaction:
            left = [await transaction.accounts.get(admin.user_id) for admin in admins]
        assert [user.is_admin for user in left if user is not None].count(True) == 1
