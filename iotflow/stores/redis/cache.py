"""Redis as the cache: the players of its roles over one connection, and what they do by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from iotflow.clock import Clock
from iotflow.completion import stopped
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.redis.address import RedisAddress
from iotflow.stores.redis.connection import RedisConnection
from iotflow.stores.redis.counters import RedisCounters
from iotflow.stores.redis.latest_cache import RedisLatestCache
from iotflow.stores.redis.pipeline import Pipeline
from iotflow.stores.redis.presence import RedisPresence
from iotflow.stores.redis.principal_cache import RedisPrincipalCache
from iotflow.stores.redis.rate_limits import RedisRateLimiter
from iotflow.stores.redis.subscription import Subscription

CONNECT_DEADLINE_S = 5.0
UPKEEP_EVERY_S = 0.25


class RedisCache:
    """The players, to be used within `open_redis`."""

    def __init__(self, address: RedisAddress, clock: Clock, principal_lifetime_s: int) -> None:
        prefix = address.prefix
        self._address = address
        self._connection = RedisConnection(address)
        self._pipeline = Pipeline(self._connection, prefix)
        self.principals = RedisPrincipalCache(self._pipeline, prefix, clock, principal_lifetime_s)
        self.latest = RedisLatestCache(self._pipeline, prefix, clock)
        self.presence = RedisPresence(self._pipeline, prefix)
        self.rate_limiter = RedisRateLimiter(self._pipeline, prefix, clock)
        self.counters = RedisCounters(self._pipeline, prefix)
        self._subscription = Subscription(
            address,
            self.principals.channel,
            heard=self.principals.heard,
            began=self.principals.forget_all,
            broke=self._pipeline.doubt,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Raise StoreUnavailable, with the reason in a line, unless Redis can be used."""
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
        """Raise StoreUnavailable unless Redis answers."""
        if not self._tasks:
            # Who has only connected must not begin a generation: that would void what running services have cached.
            await self.connect()
            return
        await self._pipeline.run(lambda _: [("PING",)])

    def start(self) -> None:
        """Begin to listen to other processes."""
        self._tasks = [asyncio.create_task(self._subscription.run()), asyncio.create_task(self._keep_up())]

    async def close(self) -> None:
        """Say what there is still to say, and close. Who has only connected has nothing to say, and voids no entry."""
        for task in self._tasks:
            await stopped(task)
        if self._tasks:
            await self._upkeep()
        await self._pipeline.close()
        await self._connection.close()

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(UPKEEP_EVERY_S)
            await self._upkeep()

    async def _upkeep(self) -> None:
        self._pipeline.settle()
        try:
            await self.counters.flush()
        except StoreUnavailable:
            return  # they are kept


@asynccontextmanager
async def open_redis(address: RedisAddress, clock: Clock, principal_lifetime_s: int) -> AsyncIterator[RedisCache]:
    """The players, closed at the end of the block. Redis need not be there: they come to it when it is."""
    cache = RedisCache(address, clock, principal_lifetime_s)
    cache.start()
    try:
        yield cache
    finally:
        await cache.close()
