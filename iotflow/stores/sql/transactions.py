"""Transactions of the SQL store, by SQLAlchemy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

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
        self.committed: list[Callable[[], Awaitable[None]]] = []

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        self.committed.append(action)


class SqlTransactions:
    """Plays `Transactions` on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlTransaction]:
        async with self._database.write() as connection:
            transaction = SqlTransaction(connection)
            yield transaction
        for action in transaction.committed:
            await action()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTransaction]:
        async with self._database.read() as connection:
            yield SqlTransaction(connection)
