"""The in-memory implementations of all cache interfaces."""

from iotflow.clock import Clock
from iotflow.stores.codecs import DeviceCodec, DeviceRulesCodec, IdentityCodec
from iotflow.stores.memory.broker import MemoryBroker
from iotflow.stores.memory.counters import MemoryCounters
from iotflow.stores.memory.idempotency import MemoryIdempotencyKeys
from iotflow.stores.memory.latest_cache import MemoryLatestCache
from iotflow.stores.memory.live_events import MemoryLiveEventLog
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.memory.rate_limits import MemoryRateLimiter
from iotflow.stores.memory.rule_states import MemoryRuleStates
from iotflow.stores.memory.versioned_cache import MemoryVersionedCache

MAX_IDENTITIES_BYTES = 16 * 2**20
"""Some 14,000 devices with names of ordinary length."""
MAX_DEVICES_BYTES = 8 * 2**20
"""Some 7,000 devices with names of ordinary length."""

MAX_RULES_BYTES = 16 * 2**20
"""Some 10,000 devices with a rule, or 16,000 without."""


class MemoryCache:
    """In-memory implementations of the cache's interfaces."""

    def __init__(self, clock: Clock, lifetime_s: int) -> None:
        self.identity_cache = MemoryVersionedCache(IdentityCodec(), clock, lifetime_s, MAX_IDENTITIES_BYTES)
        self.device_cache = MemoryVersionedCache(DeviceCodec(), clock, lifetime_s, MAX_DEVICES_BYTES)
        self.rule_cache = MemoryVersionedCache(DeviceRulesCodec(), clock, lifetime_s, MAX_RULES_BYTES)
        self.rule_states = MemoryRuleStates(clock)
        self.latest_cache = MemoryLatestCache(clock)
        self.presence = MemoryPresence()
        self.rate_limiter = MemoryRateLimiter(clock)
        self.counters = MemoryCounters()
        self.idempotency_keys = MemoryIdempotencyKeys(clock)
        self.broker = MemoryBroker()
        self.live_events = MemoryLiveEventLog(self.broker)
