"""The roles within SQLite's transactions."""

import pytest

from iotflow.stores.sql.dialect import Database
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts.accounts import AccountsContract
from tests.contracts.configs import ConfigsContract
from tests.contracts.devices import DevicesContract
from tests.contracts.groups import GroupsContract
from tests.contracts.keys import KeysContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.tokens import TokensContract
from tests.contracts.transactions import TransactionsContract
from tests.stores.sqlite import OnSqlite


class Transactional(OnSqlite):
    @pytest.fixture
    def transactions(self, database: Database) -> SqlTransactions:
        return SqlTransactions(database)


class TestSqliteAccounts(Transactional, AccountsContract): ...


class TestSqliteTokens(Transactional, TokensContract): ...


class TestSqliteDevices(Transactional, DevicesContract): ...


class TestSqliteKeys(Transactional, KeysContract): ...


class TestSqliteConfigs(Transactional, ConfigsContract): ...


class TestSqliteGroups(Transactional, GroupsContract): ...


class TestSqliteOutbox(Transactional, OutboxContract): ...


class TestSqliteTransactions(Transactional, TransactionsContract): ...
