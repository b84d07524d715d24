"""Transactions of the SQL store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.concurrency.tasks import run_to_completion
from iotflow.stores.sql.accounts import SqlAccounts, SqlTokens
from iotflow.stores.sql.alert_rules import SqlAlertRules
from iotflow.stores.sql.configs import SqlConfigs
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.deliveries import SqlDeliveries
from iotflow.stores.sql.device_keys import SqlKeys
from iotflow.stores.sql.devices import SqlDevices
from iotflow.stores.sql.groups import SqlGroups
from iotflow.stores.sql.leases import SqlLeases
from iotflow.stores.sql.mail import SqlMail
from iotflow.stores.sql.outbox import SqlOutbox
from iotflow.stores.sql.personal_tokens import SqlPersonalTokens
from iotflow.stores.sql.watches import SqlWatches
from iotflow.stores.sql.webhooks import SqlWebhooks


class SqlTransaction:
    """SQL implementation of `Transaction`, on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.accounts = SqlAccounts(connection)
        self.tokens = SqlTokens(connection)
        self.personal_tokens = SqlPersonalTokens(connection)
        self.devices = SqlDevices(connection)
        self.keys = SqlKeys(connection)
        self.configs = SqlConfigs(connection)
        self.groups = SqlGroups(connection)
        self.alert_rules = SqlAlertRules(connection)
        self.webhooks = SqlWebhooks(connection)
        self.deliveries = SqlDeliveries(connection)
        self.mail = SqlMail(connection)
        self.leases = SqlLeases(connection)
        self.watches = SqlWatches(connection)
        self.outbox = SqlOutbox(connection)
        self._after_commit: list[Callable[[], Awaitable[None]]] = []

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        self._after_commit.append(action)

    async def run_after_commit_actions(self) -> None:
        """Run the actions that `after_commit` registered, in order."""
        for action in self._after_commit:
            await action()


class SqlTransactions:
    """SQL implementation of `Transactions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[SqlTransaction]:
        committing: SqlTransaction | None = None
        try:
            async with self._database.write(bulk=bulk) as connection:
                transaction = SqlTransaction(connection)
                yield transaction
                committing = transaction
        finally:
            # Also after a failed commit: the store may have made it, and stale cache entries must be invalidated.
            if committing is not None:
                await run_to_completion(committing.run_after_commit_actions())

    @asynccontextmanager
    async def read(self, *, bulk: bool = False) -> AsyncIterator[SqlTransaction]:
        async with self._database.read(bulk=bulk) as connection:
            yield SqlTransaction(connection)
