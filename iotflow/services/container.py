"""The wiring of the services of one app."""

from dataclasses import dataclass

from iotflow.clock import Clock
from iotflow.repositories.stores import Stores
from iotflow.services.account_analytics import AccountSummaries
from iotflow.services.accounts import Accounts
from iotflow.services.activity import ActivityBuffer
from iotflow.services.alert_observer import AlertObserver
from iotflow.services.alert_rules import AlertRules
from iotflow.services.alerts import Alerts
from iotflow.services.audit_log import AuditLog
from iotflow.services.authentication import Authentication
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.config_versions import ConfigVersions
from iotflow.services.device_analytics import DeviceSummaries
from iotflow.services.device_lookup import DeviceLookup
from iotflow.services.device_rules import DeviceRuleLookup
from iotflow.services.devices import Devices
from iotflow.services.feed import Feed
from iotflow.services.forecasts import Forecasts
from iotflow.services.groups import Groups
from iotflow.services.health import HealthCheck
from iotflow.services.idempotency import Idempotency
from iotflow.services.ingest import Ingest
from iotflow.services.live_publisher import LiveEventPublisher
from iotflow.services.live_streams import LiveStreams
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.mail import MailDigests
from iotflow.services.metadata import Metadata
from iotflow.services.notifications import AlertNotifications
from iotflow.services.observers import ActivityObserver, LatestCacheObserver, RecordObservers
from iotflow.services.passwords import Passwords
from iotflow.services.personal_tokens import PersonalTokens
from iotflow.services.preferences import Preferences
from iotflow.services.presence_monitor import PresenceMonitor
from iotflow.services.reports import Reports
from iotflow.services.request_limits import RequestLimits
from iotflow.services.rule_replay import RuleReplay
from iotflow.services.silence_monitor import SilenceMonitor
from iotflow.services.statistics import SystemStatistics
from iotflow.services.telemetry_queries import TelemetryQueries
from iotflow.services.token_uses import TokenUses
from iotflow.services.webhook_addresses import WebhookAddresses
from iotflow.services.webhooks import Webhooks
from iotflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one app. Close `passwords` and `ingest` before the stores."""

    account_analytics: AccountSummaries
    accounts: Accounts
    activity: ActivityBuffer
    alert_observer: AlertObserver
    alert_rules: AlertRules
    alerts: Alerts
    audit_log: AuditLog
    authentication: Authentication
    config_versions: ConfigVersions
    device_analytics: DeviceSummaries
    device_lookup: DeviceLookup
    devices: Devices
    feed: Feed
    forecasts: Forecasts
    groups: Groups
    health: HealthCheck
    ingest: Ingest
    invalidation: CacheInvalidation
    live_publisher: LiveEventPublisher
    live_streams: LiveStreams
    mail: MailDigests
    metadata: Metadata
    passwords: Passwords
    personal_tokens: PersonalTokens
    preferences: Preferences
    presence_monitor: PresenceMonitor
    reports: Reports
    request_limits: RequestLimits
    rule_replay: RuleReplay
    silence_monitor: SilenceMonitor
    statistics: SystemStatistics
    telemetry_queries: TelemetryQueries
    token_uses: TokenUses
    webhook_addresses: WebhookAddresses
    webhooks: Webhooks

    async def close(self) -> None:
        """Wait for activations and live events under way; end the threads of services."""
        await self.ingest.close()
        await self.live_publisher.close()
        self.forecasts.close()
        self.passwords.close()
        self.webhook_addresses.close()


@dataclass(frozen=True, slots=True)
class _Shared:
    """What several services use."""

    stores: Stores
    settings: Settings
    clock: Clock
    activity: ActivityBuffer
    alert_observer: AlertObserver
    bulk_reads: BulkReads
    invalidation: CacheInvalidation
    limits: RequestLimits
    live: LiveEventPublisher
    lookup: DeviceLookup
    mail: MailDigests
    notifications: AlertNotifications
    throttle: LoginThrottle
    token_uses: TokenUses
    webhook_addresses: WebhookAddresses
    webhooks: Webhooks


def build_services(stores: Stores, settings: Settings, clock: Clock, passwords: Passwords | None = None) -> Services:
    """Build all services on these stores. `passwords` None: a new `Passwords`, with its own threads."""
    passwords, transactions = passwords or Passwords(), stores.transactions
    shared = _build_shared(stores, settings, clock)
    lookup, invalidation, bulk_reads = shared.lookup, shared.invalidation, shared.bulk_reads
    accounts, devices = _build_account_summaries(shared), _build_device_summaries(shared)
    queries = _build_telemetry_queries(shared)
    return Services(
        account_analytics=accounts,
        accounts=_build_accounts(shared, passwords),
        activity=shared.activity,
        alert_observer=shared.alert_observer,
        alert_rules=_build_alert_rules(shared),
        alerts=Alerts(stores.alerts, lookup, shared.notifications, bulk_reads, clock),
        audit_log=AuditLog(stores.events),
        authentication=_build_authentication(shared, passwords),
        config_versions=ConfigVersions(transactions, clock),
        device_analytics=devices,
        device_lookup=lookup,
        devices=_build_devices(shared),
        feed=Feed(transactions, stores.telemetry, bulk_reads),
        forecasts=Forecasts(transactions, queries, bulk_reads, clock),
        groups=Groups(transactions, invalidation, stores.presence, bulk_reads, clock),
        health=HealthCheck(stores.probes),
        ingest=_build_ingest(shared),
        invalidation=invalidation,
        live_publisher=shared.live,
        live_streams=LiveStreams(stores.live_events, transactions, lookup),
        mail=shared.mail,
        metadata=Metadata(stores.metadata, transactions, stores.presence, bulk_reads, clock),
        passwords=passwords,
        personal_tokens=PersonalTokens(transactions, invalidation, shared.token_uses, clock),
        preferences=Preferences(stores.preferences, transactions, clock),
        presence_monitor=_build_presence_monitor(shared),
        reports=Reports(stores.reports, transactions, lookup, devices, accounts, clock),
        request_limits=shared.limits,
        rule_replay=RuleReplay(stores.telemetry, lookup, bulk_reads),
        silence_monitor=SilenceMonitor(stores.presence, transactions, shared.alert_observer, clock),
        statistics=_build_statistics(shared),
        telemetry_queries=queries,
        token_uses=shared.token_uses,
        webhook_addresses=shared.webhook_addresses,
        webhooks=shared.webhooks,
    )


def _build_shared(stores: Stores, settings: Settings, clock: Clock) -> _Shared:
    transactions = stores.transactions
    mail = MailDigests(transactions, settings.smtp, settings.mail_interval_seconds, clock)
    live = LiveEventPublisher(stores.live_events)
    notifications = AlertNotifications(transactions, stores.alerts, live, clock, sends_mail=mail.is_set_up)
    rules = DeviceRuleLookup(transactions, stores.rule_cache)
    addresses = WebhookAddresses(settings.webhook_allowed_networks)
    return _Shared(
        stores=stores,
        settings=settings,
        clock=clock,
        activity=ActivityBuffer(stores.activity, clock),
        alert_observer=AlertObserver(rules, stores.rule_states, stores.alerts, stores.telemetry, notifications, clock),
        bulk_reads=BulkReads(),
        invalidation=CacheInvalidation(stores.identity_cache, stores.device_cache, stores.rule_cache),
        limits=RequestLimits(stores.rate_limiter, settings.rates),
        live=live,
        lookup=DeviceLookup(transactions, stores.device_cache),
        mail=mail,
        notifications=notifications,
        throttle=LoginThrottle(stores.rate_limiter, settings.login_limits),
        token_uses=TokenUses(transactions, clock),
        webhook_addresses=addresses,
        webhooks=Webhooks(transactions, addresses, clock),
    )


def _build_accounts(shared: _Shared, passwords: Passwords) -> Accounts:
    is_open = shared.settings.registration == "open"
    parts = shared.stores.transactions, shared.invalidation, shared.throttle, passwords, shared.clock
    return Accounts(*parts, registration_is_open=is_open)


def _build_account_summaries(shared: _Shared) -> AccountSummaries:
    stores = shared.stores
    return AccountSummaries(
        stores.transactions, stores.activity, shared.activity, stores.alerts, shared.bulk_reads, shared.clock
    )


def _build_device_summaries(shared: _Shared) -> DeviceSummaries:
    stores = shared.stores
    return DeviceSummaries(
        stores.transactions, stores.telemetry, stores.activity, shared.activity, shared.bulk_reads, shared.clock
    )


def _build_alert_rules(shared: _Shared) -> AlertRules:
    return AlertRules(
        shared.stores.transactions,
        shared.invalidation,
        shared.stores.telemetry,
        shared.lookup,
        shared.webhooks,
        shared.clock,
        sends_mail=shared.mail.is_set_up,
    )


def _build_devices(shared: _Shared) -> Devices:
    return Devices(
        shared.stores.transactions,
        shared.invalidation,
        shared.stores.presence,
        shared.clock,
        online_window_s=shared.settings.online_window_seconds,
        max_devices_per_account=shared.settings.max_devices_per_account,
    )


def _build_presence_monitor(shared: _Shared) -> PresenceMonitor:
    window_s = shared.settings.online_window_seconds
    return PresenceMonitor(shared.stores.presence, shared.stores.transactions, shared.clock, online_window_s=window_s)


def _build_statistics(shared: _Shared) -> SystemStatistics:
    stores, window_s = shared.stores, shared.settings.online_window_seconds
    parts = stores.transactions, stores.presence, shared.activity, stores.counters, shared.clock
    return SystemStatistics(*parts, online_window_s=window_s)


def _build_telemetry_queries(shared: _Shared) -> TelemetryQueries:
    stores = shared.stores
    return TelemetryQueries(
        stores.transactions,
        stores.telemetry,
        stores.latest_cache,
        shared.lookup,
        stores.counters,
        shared.bulk_reads,
        shared.clock,
    )


def _build_ingest(shared: _Shared) -> Ingest:
    stores = shared.stores
    latest_values = LatestCacheObserver(stores.latest_cache, shared.settings.retention_days)
    observers = RecordObservers([latest_values, ActivityObserver(shared.activity), shared.live, shared.alert_observer])
    return Ingest(
        stores.transactions,
        stores.telemetry,
        observers,
        shared.lookup,
        shared.invalidation,
        Idempotency(stores.idempotency_keys),
        shared.clock,
    )


def _build_authentication(shared: _Shared, passwords: Passwords) -> Authentication:
    stores = shared.stores
    return Authentication(
        stores.transactions,
        stores.identity_cache,
        shared.invalidation,
        stores.presence,
        shared.throttle,
        shared.limits,
        shared.token_uses,
        stores.counters,
        passwords,
        shared.clock,
        token_lifetime_s=shared.settings.token_lifetime_seconds,
    )
