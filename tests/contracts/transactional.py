"""Fixtures of the contract suites of the SQL store."""

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
    """The implementation under test, on an empty store that no other test uses."""

    @pytest.fixture
    def transactions(self) -> Transactions:
        raise NotImplementedError

    @pytest.fixture
    def tables(self) -> RawTables:
        raise NotImplementedError

    @pytest.fixture
    async def owner(self, transactions: Transactions) -> User:
        """A stored user."""
        return await add_user(transactions)

    @pytest.fixture
    async def device(self, transactions: Transactions, owner: User) -> Device:
        """A stored device of `owner`."""
        return await add_device(transactions, owner.user_id)

    @pytest.fixture
    async def group(self, transactions: Transactions, owner: User) -> Group:
        """A stored group of `owner`."""
        async with transactions.write() as transaction:
            return await transaction.groups.add(owner.user_id, NewGroup("greenhouse"), NOW)


def new_user(username: str | None = None, email: str | None = None, **fields: Any) -> User:
    """Return a user that is not stored, with these fields. Any: each field has its own type."""
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
    """Store a user and return it."""
    user = user or new_user()
    async with transactions.write() as transaction:
        await transaction.accounts.add(user, "a hash")
    return user


async def add_device(
    transactions: Transactions, user_id: UUID, name: str | None = None, kind: str = "sensor"
) -> Device:
    """Store a device and return it."""
    async with transactions.write() as transaction:
        return await transaction.devices.add(user_id, NewDevice(name or f"device {next(_numbers)}", kind), NOW)


def new_digest() -> bytes:
    """Return random bytes in the form of a SHA-256 digest."""
    return secrets.token_bytes(32)
