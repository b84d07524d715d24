"""The stores of a service: one implementation of each interface."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from iotflow.domain.alert_rules import DeviceRules
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.principals import Principal
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.alerts import AlertRepository, RuleStates
from iotflow.repositories.broker import Broker
from iotflow.repositories.cache import CacheCounters, LatestCache, PresenceRepository, RateLimiter, VersionedCache
from iotflow.repositories.events import EventRepository
from iotflow.repositories.idempotency import IdempotencyKeys
from iotflow.repositories.live_events import LiveEventLog
from iotflow.repositories.metadata import MetadataRepository
from iotflow.repositories.preferences import PreferencesRepository
from iotflow.repositories.reports import ReportRepository
from iotflow.repositories.retention import RecordSealer, RetentionSweeper
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Probe:
    """A health probe of one store. `essential`: without this store the service is unhealthy."""

    name: str
    role: str
    backend: str
    essential: bool
    ping: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stores:
    """The implementations of all interfaces. `identity_cache` is keyed by credential digest, others by device id."""

    is_shared: bool
    """Whether other processes may use the SQL store at the same time."""
    transactions: Transactions
    telemetry: TelemetryRepository
    events: EventRepository
    activity: ActivityRepository
    alerts: AlertRepository
    metadata: MetadataRepository
    preferences: PreferencesRepository
    reports: ReportRepository
    identity_cache: VersionedCache[bytes, Principal]
    device_cache: VersionedCache[int, DeviceSummary]
    rule_cache: VersionedCache[int, DeviceRules]
    rule_states: RuleStates
    latest_cache: LatestCache
    presence: PresenceRepository
    rate_limiter: RateLimiter
    counters: CacheCounters
    idempotency_keys: IdempotencyKeys
    broker: Broker
    live_events: LiveEventLog
    retention_sweepers: Sequence[RetentionSweeper]
    sealer: RecordSealer | None
    """None for a store of telemetry that seals no days."""
    probes: Sequence[Probe]
