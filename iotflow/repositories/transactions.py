"""One change of the SQL store, whole or not at all."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from iotflow.repositories.accounts import AccountRepository
from iotflow.repositories.configs import ConfigRepository
from iotflow.repositories.devices import DeviceRepository
from iotflow.repositories.groups import GroupRepository
from iotflow.repositories.keys import KeyRepository
from iotflow.repositories.outbox import OutboxRepository
from iotflow.repositories.tokens import TokenRepository


class Transaction(Protocol):
    """The repositories of the SQL store, all within one transaction."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def tokens(self) -> TokenRepository: ...
    @property
    def devices(self) -> DeviceRepository: ...
    @property
    def keys(self) -> KeyRepository: ...
    @property
    def configs(self) -> ConfigRepository: ...
    @property
    def groups(self) -> GroupRepository: ...
    @property
    def outbox(self) -> OutboxRepository: ...

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Have `action` awaited once the change is durable, or may be, before the `async with` block is left."""
        ...


class Transactions(Protocol):
    """Where transactions begin. Await nothing but their repositories inside one: it may hold the only writer."""

    def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits when its block ends, and rolls back when an exception leaves it.

        Others run beside it: who decides by what is stored locks it first, accounts before groups before devices.
        `bulk` gives a change of many rows more time.
        """
        ...

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that only reads; a change made in it fails or is lost.

        `bulk` gives a read of many rows more time, and keeps connections for others.
        """
        ...
