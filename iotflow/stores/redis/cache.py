"""Redis as the cache: implementations of the cache's interfaces over one connection, and their background tasks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from iotflow.addresses import RedisAddress
from iotflow.clock import Clock
from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.codecs import DeviceCodec, DeviceRulesCodec, IdentityCodec
from iotflow.stores.memory.cache import MAX_DEVICES_BYTES, MAX_IDENTITIES_BYTES, MAX_RULES_BYTES
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.broker import RedisBroker
from iotflow.stores.redis.client import RedisConnection
from iotflow.stores.redis.counters import RedisCounters
from iotflow.stores.redis.idempotency import RedisIdempotencyKeys
from iotflow.stores.redis.invalidation import InvalidationListener
from iotflow.stores.redis.latest_cache import RedisLatestCache
from iotflow.stores.redis.live_events import RedisLiveEventLog
from iotflow.stores.redis.presence import RedisPresence
from iotflow.stores.redis.rate_limits import RedisRateLimiter
from iotflow.stores.redis.rule_states import RedisRuleStates
from iotflow.stores.redis.versioned_cache import RedisVersionedCache

CONNECT_DEADLINE_S = 5.0
HOUSEKEEPING_EVERY_S = 0.25


class RedisCache:
    """Redis implementations of the cache's interfaces. `start` and `close` begin and end their background tasks."""

    def __init__(self, address: RedisAddress, clock: Clock, lifetime_s: int) -> None:
        prefix = address.prefix
        self._address = address
        self._connection = RedisConnection(address)
        self._batcher = CommandBatcher(self._connection, prefix)
        self.broker = RedisBroker(address, self._batcher)
        shared = self._batcher, self.broker, prefix
        self.identity_cache = RedisVersionedCache(
            *shared, "identity", IdentityCodec(), clock, lifetime_s, MAX_IDENTITIES_BYTES
        )
        self.device_cache = RedisVersionedCache(*shared, "device", DeviceCodec(), clock, lifetime_s, MAX_DEVICES_BYTES)
        self.rule_cache = RedisVersionedCache(*shared, "rules", DeviceRulesCodec(), clock, lifetime_s, MAX_RULES_BYTES)
        self.rule_states = RedisRuleStates(self._batcher, prefix)
        self.latest_cache = RedisLatestCache(self._batcher, prefix, clock)
        self.presence = RedisPresence(self._batcher, prefix)
        self.rate_limiter = RedisRateLimiter(self._batcher, prefix, clock)
        self.counters = RedisCounters(self._batcher, prefix)
        self.live_events = RedisLiveEventLog(self._batcher, self.broker, prefix)
        self.idempotency_keys = RedisIdempotencyKeys(self._batcher, prefix)
        self._listener = InvalidationListener(
            self.broker, [self.identity_cache, self.device_cache, self.rule_cache], self._batcher
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Raise StoreUnavailable, with the reason in one line, unless Redis is usable."""
        connection = RedisConnection(self._address)
        try:
            async with asyncio.timeout(CONNECT_DEADLINE_S):
                await connection.check_version()
        except TimeoutError as error:
            place = f"{self._address.host}:{self._address.port}"
            raise StoreUnavailable(
                "cache", f"Redis at {place} does not answer within {CONNECT_DEADLINE_S} s"
            ) from error
        finally:
            await connection.close()

    async def ping(self) -> None:
        """Raise StoreUnavailable unless Redis replies."""
        if not self._tasks:
            # Not by the batcher: it would begin a generation, which voids the entries of running services.
            await self.connect()
            return
        await self._batcher.run(lambda _: [("PING",)])

    def start(self) -> None:
        """Start the background tasks: the subscriptions and the housekeeping."""
        works = (self.broker.run(), self._listener.run(), self.live_events.run(), self._repeat_housekeeping())
        self._tasks = [asyncio.create_task(work) for work in works]

    async def close(self) -> None:
        """Flush the counters and close. Without `start` nothing is sent, and other processes' entries stay valid."""
        for task in self._tasks:
            await cancel_and_wait(task)
        if self._tasks:
            await self._housekeep()
        await self.presence.close()
        await self._batcher.close()
        await self._connection.close()

    async def _repeat_housekeeping(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_EVERY_S)
            await self._housekeep()

    async def _housekeep(self) -> None:
        self._batcher.ensure_generation()
        try:
            await self.counters.flush()
        except StoreUnavailable:
            return  # the next flush sends them


@asynccontextmanager
async def open_redis(address: RedisAddress, clock: Clock, lifetime_s: int) -> AsyncIterator[RedisCache]:
    """Open the cache for a block. Redis may be unavailable: the cache connects once it is reachable."""
    cache = RedisCache(address, clock, lifetime_s)
    cache.start()
    try:
        yield cache
    finally:
        await cache.close()
