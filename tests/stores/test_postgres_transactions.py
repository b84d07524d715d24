"""The repositories within PostgreSQL's transactions."""

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
from tests.stores.postgres import OnPostgres
from tests.stores.sql import Transactional


class TestPostgresAccounts(OnPostgres, Transactional, AccountsContract): ...


class TestPostgresTokens(OnPostgres, Transactional, TokensContract): ...


class TestPostgresPersonalTokens(OnPostgres, Transactional, PersonalTokensContract): ...


class TestPostgresDevices(OnPostgres, Transactional, DevicesContract): ...


class TestPostgresDeviceLists(OnPostgres, Transactional, DeviceListsContract): ...


class TestPostgresKeys(OnPostgres, Transactional, KeysContract): ...


class TestPostgresConfigs(OnPostgres, Transactional, ConfigsContract): ...


class TestPostgresGroups(OnPostgres, Transactional, GroupsContract): ...


class TestPostgresAlertRules(OnPostgres, Transactional, AlertRulesContract): ...


class TestPostgresWebhooks(OnPostgres, Transactional, WebhooksContract): ...


class TestPostgresDeliveries(OnPostgres, Transactional, DeliveriesContract): ...


class TestPostgresMail(OnPostgres, Transactional, MailContract): ...


class TestPostgresLeases(OnPostgres, Transactional, LeasesContract): ...


class TestPostgresWatches(OnPostgres, Transactional, WatchesContract): ...


class TestPostgresOutbox(OnPostgres, Transactional, OutboxContract): ...


class TestPostgresTransactions(OnPostgres, Transactional, TransactionsContract): ...
