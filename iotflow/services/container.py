"""The wiring of the services of one app."""

from dataclasses import dataclass

from iotflow.clock import Clock
from iotflow.repositories.stores import Stores
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
from iotflow.services.device_lookup import DeviceLookup
from iotflow.services.device_rules import DeviceRuleLookup
from iotflow.services.devices import Devices
from iotflow.services.feed import Feed
from iotflow.services.groups import Groups
from iotflow.services.health import HealthCheck
from iotflow.services.idempotency import Idempotency
from iotflow.services.ingest import Ingest
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.metadata import Metadata
from iotflow.services.observers import ActivityObserver, LatestCacheObserver, RecordObservers
from iotflow.services.passwords import Passwords
from iotflow.services.personal_tokens import PersonalTokens
from iotflow.services.preferences import Preferences
from iotflow.services.request_limits import RequestLimits
from iotflow.services.rule_replay import RuleReplay
from iotflow.services.statistics import SystemStatistics
from iotflow.services.telemetry_queries import TelemetryQueries
from iotflow.services.token_uses import TokenUses
from iotflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one app. Close `passwords` and `ingest` before the stores."""

    accounts: Accounts
    activity: ActivityBuffer
    alert_observer: AlertObserver
    alert_rules: AlertRules
    alerts: Alerts
    audit_log: AuditLog
    authentication: Authentication
    config_versions: ConfigVersions
    device_lookup: DeviceLookup
    devices: Devices
    feed: Feed
    groups: Groups
    health: HealthCheck
    ingest: Ingest
    invalidation: CacheInvalidation
    metadata: Metadata
    passwords: Passwords
    personal_tokens: PersonalTokens
    preferences: Preferences
    request_limits: RequestLimits
    rule_replay: RuleReplay
    statistics: SystemStatistics
    telemetry_queries: TelemetryQueries
    token_uses: TokenUses

    async def close(self) -> None:
        """Wait for activations under way, and end the threads for password hashing."""
        await self.ingest.close()
        self.passwords.close()


def build_services(stores: Stores, settings: Settings, clock: Clock, passwords: Passwords | None = None) -> Services:
    """Build all services on these stores. `passwords` None: a new `Passwords`, with its own threads."""
    passwords = passwords or Passwords()
    transactions, presence, counters = stores.transactions, stores.presence, stores.counters
    activity = ActivityBuffer(stores.activity, clock)
    bulk_reads = BulkReads()
    invalidation = CacheInvalidation(stores.identities, stores.devices, stores.rules)
    lookup = DeviceLookup(transactions, stores.devices)
    limits = RequestLimits(stores.rate_limiter, settings.rates)
    throttle = LoginThrottle(stores.rate_limiter, settings.login_limits)
    rules = DeviceRuleLookup(transactions, stores.rules)
    alert_observer = AlertObserver(rules, stores.rule_states, stores.alerts, stores.telemetry, clock)
    latest_observer = LatestCacheObserver(stores.latest, settings.retention_days)
    observers = RecordObservers([latest_observer, ActivityObserver(activity), alert_observer])
    token_uses, idempotency = TokenUses(transactions, clock), Idempotency(stores.idempotency_keys)
    is_open = settings.registration == "open"
    window_s, max_devices = settings.online_window_seconds, settings.max_devices_per_account
    authentication = _build_authentication(
        stores, settings, clock, invalidation, throttle, limits, token_uses, passwords
    )
    return Services(
        accounts=Accounts(transactions, invalidation, throttle, passwords, clock, registration_is_open=is_open),
        activity=activity,
        alert_observer=alert_observer,
        alert_rules=AlertRules(transactions, invalidation, stores.telemetry, lookup, clock),
        alerts=Alerts(stores.alerts, lookup, clock),
        audit_log=AuditLog(stores.events),
        authentication=authentication,
        config_versions=ConfigVersions(transactions, clock),
        device_lookup=lookup,
        devices=Devices(
            transactions, invalidation, presence, clock, online_window_s=window_s, max_devices_per_account=max_devices
        ),
        feed=Feed(transactions, stores.telemetry, bulk_reads),
        groups=Groups(transactions, invalidation, presence, bulk_reads, clock),
        health=HealthCheck(stores.probes),
        ingest=Ingest(transactions, stores.telemetry, observers, lookup, invalidation, idempotency, clock),
        invalidation=invalidation,
        metadata=Metadata(stores.metadata, transactions, presence, clock),
        passwords=passwords,
        personal_tokens=PersonalTokens(transactions, invalidation, token_uses, clock),
        preferences=Preferences(stores.preferences, transactions, clock),
        request_limits=limits,
        rule_replay=RuleReplay(stores.telemetry, lookup, bulk_reads),
        statistics=SystemStatistics(transactions, presence, activity, counters, clock, online_window_s=window_s),
        telemetry_queries=TelemetryQueries(
            transactions, stores.telemetry, stores.latest, lookup, counters, bulk_reads, clock
        ),
        token_uses=token_uses,
    )


def _build_authentication(
    stores: Stores,
    settings: Settings,
    clock: Clock,
    invalidation: CacheInvalidation,
    throttle: LoginThrottle,
    limits: RequestLimits,
    token_uses: TokenUses,
    passwords: Passwords,
) -> Authentication:
    return Authentication(
        stores.transactions,
        stores.identities,
        invalidation,
        stores.presence,
        throttle,
        limits,
        token_uses,
        stores.counters,
        passwords,
        clock,
        token_lifetime_s=settings.token_lifetime_seconds,
    )
