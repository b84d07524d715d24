"""What the suites of all roles of the SQL store stand on."""

import itertools
import secrets
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from iotflow.domain.accounts import User
from iotflow.domain.devices import Device, NewDevice
from iotflow.domain.groups import Group, NewGroup
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from tests.clock import START
from tests.contracts.raw import RawTables

NOW = START
LATER = Millis(NOW + 60_000)

_numbers = itertools.count(1)


class TransactionalContract:
    """The player under test, on an empty store of the test's own."""

    @pytest.fixture
    def transactions(self) -> Transactions:
        raise NotImplementedError

    @pytest.fixture
    def tables(self) -> RawTables:
        raise NotImplementedError

    @pytest.fixture
    async def owner(self, transactions: Transactions) -> User:
        """A user, stored."""
        return await add_user(transactions)

    @pytest.fixture
    async def device(self, transactions: Transactions, owner: User) -> Device:
        """A device of `owner`'s, stored."""
        return await add_device(transactions, owner.user_id)

    @pytest.fixture
    async def group(self, transactions: Transactions, owner: User) -> Group:
        """A group of `owner`'s, stored."""
        async with transactions.write() as transaction:
            return await transaction.groups.add(owner.user_id, NewGroup("greenhouse"), NOW)


def new_user(username: str | None = None, email: str | None = None, **fields: Any) -> User:
    """A user that is not stored yet; `fields` say what is particular about it (Any: each field has its own type)."""
    name = username or f"user{next(_numbers)}"
    user = User(
        user_id=uuid4(),
        username=name,
        email=email or f"{name}@example.org",
        is_active=True,
        is_admin=False,
        created_at=NOW,
        updated_at=NOW,
        last_login=None,
    )
    return replace(user, **fields)


async def add_user(transactions: Transactions, user: User | None = None) -> User:
    """Store a user; the user."""
    user = user or new_user()
    async with transactions.write() as transaction:
        await transaction.accounts.add(user, "a hash")
    return user


async def add_device(
    transactions: Transactions, user_id: UUID, name: str | None = None, kind: str = "sensor"
) -> Device:
    """Store a device; the device."""
    async with transactions.write() as transaction:
        return await transaction.devices.add(user_id, NewDevice(name or f"device {next(_numbers)}", kind), NOW)


def new_digest() -> bytes:
    """What a SHA-256 digest looks like."""
    return secrets.token_bytes(32)
