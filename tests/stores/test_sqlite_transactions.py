"""The repositories within SQLite's transactions."""

from tests.contracts.accounts import AccountsContract
from tests.contracts.alert_rules import AlertRulesContract
from tests.contracts.configs import ConfigsContract
from tests.contracts.device_lists import DeviceListsContract
from tests.contracts.devices import DevicesContract
from tests.contracts.groups import GroupsContract
from tests.contracts.keys import KeysContract
from tests.contracts.leases import LeasesContract
from tests.contracts.mail import MailContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.personal_tokens import PersonalTokensContract
from tests.contracts.tokens import TokensContract
from tests.contracts.transactions import TransactionsContract
from tests.contracts.watches import WatchesContract
from tests.contracts.webhooks import DeliveriesContract, WebhooksContract
from tests.stores.sql import Transactional
from tests.stores.sqlite import OnSqlite


class TestSqliteAccounts(OnSqlite, Transactional, AccountsContract): ...


class TestSqliteTokens(OnSqlite, Transactional, TokensContract): ...


class TestSqlitePersonalTokens(OnSqlite, Transactional, PersonalTokensContract): ...


class TestSqliteDevices(OnSqlite, Transactional, DevicesContract): ...


class TestSqliteDeviceLists(OnSqlite, Transactional, DeviceListsContract): ...


class TestSqliteKeys(OnSqlite, Transactional, KeysContract): ...


class TestSqliteConfigs(OnSqlite, Transactional, ConfigsContract): ...


class TestSqliteGroups(OnSqlite, Transactional, GroupsContract): ...


class TestSqliteAlertRules(OnSqlite, Transactional, AlertRulesContract): ...


class TestSqliteWebhooks(OnSqlite, Transactional, WebhooksContract): ...


class TestSqliteDeliveries(OnSqlite, Transactional, DeliveriesContract): ...


class TestSqliteMail(OnSqlite, Transactional, MailContract): ...


class TestSqliteLeases(OnSqlite, Transactional, LeasesContract): ...


class TestSqliteWatches(OnSqlite, Transactional, WatchesContract): ...


class TestSqliteOutbox(OnSqlite, Transactional, OutboxContract): ...


class TestSqliteTransactions(OnSqlite, Transactional, TransactionsContract): ...
