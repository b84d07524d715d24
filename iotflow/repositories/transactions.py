"""Interfaces of transactions of the SQL store."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from iotflow.repositories.accounts import AccountRepository, TokenRepository
from iotflow.repositories.alert_rules import AlertRuleRepository
from iotflow.repositories.devices import ConfigRepository, DeviceRepository, KeyRepository
from iotflow.repositories.groups import GroupRepository
from iotflow.repositories.leases import LeaseRepository
from iotflow.repositories.mail import MailRepository
from iotflow.repositories.outbox import OutboxRepository
from iotflow.repositories.personal_tokens import PersonalTokenRepository
from iotflow.repositories.watches import WatchRepository
from iotflow.repositories.webhooks import DeliveryRepository, WebhookRepository


class Transaction(Protocol):
    """The repositories of the SQL store, all within one transaction."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def tokens(self) -> TokenRepository: ...
    @property
    def personal_tokens(self) -> PersonalTokenRepository: ...
    @property
    def devices(self) -> DeviceRepository: ...
    @property
    def keys(self) -> KeyRepository: ...
    @property
    def configs(self) -> ConfigRepository: ...
    @property
    def groups(self) -> GroupRepository: ...
    @property
    def alert_rules(self) -> AlertRuleRepository: ...
    @property
    def webhooks(self) -> WebhookRepository: ...
    @property
    def deliveries(self) -> DeliveryRepository: ...
    @property
    def mail(self) -> MailRepository: ...
    @property
    def leases(self) -> LeaseRepository: ...
    @property
    def watches(self) -> WatchRepository: ...
    @property
    def outbox(self) -> OutboxRepository: ...

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Await `action` after the commit, before the `async with` block is left.

        It also runs if the outcome of the commit is unknown: the change may be durable.
        """
        ...


class Transactions(Protocol):
    """A factory of transactions.

    Await nothing but repository calls inside a transaction: it may hold SQLite's single writer, so any other wait would
    block all writes.
    """

    def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction that commits when its block ends, and rolls back when an exception leaves the block.

        Transactions run concurrently: lock rows before a decision depends on them, in the order accounts, groups,
        devices; another order could deadlock. `bulk` allows more time, for a change of many rows.
        """
        ...

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction that only reads; a change in it fails or is lost.

        `bulk` allows more time, for a read of many rows, and leaves connections for others.
        """
        ...
