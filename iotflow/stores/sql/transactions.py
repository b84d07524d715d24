"""Transactions of the SQL store, by SQLAlchemy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.completion import to_completion
from iotflow.stores.sql.accounts import SqlAccounts
from iotflow.stores.sql.configs import SqlConfigs
from iotflow.stores.sql.devices import SqlDevices
from iotflow.stores.sql.dialect import Database
from iotflow.stores.sql.groups import SqlGroups
from iotflow.stores.sql.keys import SqlKeys
from iotflow.stores.sql.outbox import SqlOutbox
from iotflow.stores.sql.tokens import SqlTokens


class SqlTransaction:
    """Plays `Transaction` on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.accounts = SqlAccounts(connection)
        self.tokens = SqlTokens(connection)
        self.devices = SqlDevices(connection)
        self.keys = SqlKeys(connection)
        self.configs = SqlConfigs(connection)
        self.groups = SqlGroups(connection)
        self.outbox = SqlOutbox(connection)
        self._actions: list[Callable[[], Awaitable[None]]] = []

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        self._actions.append(action)

    async def follow_commit(self) -> None:
        """Do what was to be done after the commit."""
        for action in self._actions:
            await action()


class SqlTransactions:
    """Plays `Transactions` on SQLite or PostgreSQL."""

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
            # After a commit that failed too: it may have reached the store all the same.
            if committing is not None:
                await to_completion(committing.follow_commit())

    @asynccontextmanager
    async def read(self, *, bulk: bool = False) -> AsyncIterator[SqlTransaction]:
        async with self._database.read(bulk=bulk) as connection:
            yield SqlTransaction(connection)
