"""Invalidations and messages while Redis or the subscription is lost."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from iotflow.addresses import RedisAddress
from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.broker import MAX_QUEUED_BYTES, Interruption, Message
from iotflow.repositories.cache import Miss
from iotflow.stores.redis.cache import RedisCache, open_redis
from tests.contracts.versioned_cache import device, fill
from tests.stores.redis import eventually
from tests.stores.redis_faults.processes import CALL_S, drops, is_back
from tests.stores.redis_server import RedisServer


async def test_an_invalidation_reaches_the_own_entries_of_other_processes(here: RedisCache, there: RedisCache) -> None:
    principal, other = device(), device()
    for one in (principal, other):
        await fill(here.identity_cache, one)
        assert await there.identity_cache.get(one.digest) == one
    await here.identity_cache.invalidate([principal.digest])
    await drops(there, principal, within_s=1)
    assert await there.identity_cache.get(other.digest) == other


async def test_a_lost_invalidation_is_compensated(here: RedisCache, there: RedisCache, raw: Redis) -> None:
    principal = device()
    await fill(here.identity_cache, principal)
    assert await there.identity_cache.get(principal.digest) == principal
    await raw.client_kill_filter(_type="pubsub")
    await here.identity_cache.invalidate([principal.digest])
    await drops(there, principal, within_s=2)


async def test_a_malformed_message_does_not_end_the_subscription(
    here: RedisCache, there: RedisCache, raw: Redis, address: RedisAddress
) -> None:
    channel = f"{address.prefix}:{there.identity_cache.topic}"
    principal = device()
    await fill(here.identity_cache, principal)
    assert await there.identity_cache.get(principal.digest) == principal
    assert await raw.publish(channel, b"\xff no digest") == 2

    async def is_subscribed() -> bool:
        subscribers: int = await raw.publish(channel, b"")
        return subscribers == 2

    await eventually(is_subscribed, deadline_s=5)
    await here.identity_cache.invalidate([principal.digest])
    await drops(there, principal, within_s=1)


async def test_own_entries_expire_soon_while_redis_is_away(server: RedisServer, address: RedisAddress) -> None:
    principal = device()
    async with AsyncExitStack() as stack:
        here, there = [await stack.enter_async_context(open_redis(address, SystemClock(), 2)) for _ in range(2)]
        for cache in (here, there, here):
            await is_back(cache)
        await fill(here.identity_cache, principal)
        assert await there.identity_cache.get(principal.digest) == principal
        server.kill()
        with pytest.raises(StoreUnavailable):
            await here.identity_cache.invalidate([principal.digest])

        async def dropped() -> bool:
            return isinstance(await there.identity_cache.get(principal.digest), Miss)

        await eventually(dropped, deadline_s=2 + CALL_S)


async def test_subscribers_receive_both_ends_of_an_interruption(server: RedisServer, here: RedisCache) -> None:
    async with here.broker.subscribe(["a"]) as events:
        server.kill()
        async with asyncio.timeout(5):
            assert await anext(events) is Interruption.BEGAN
        with pytest.raises(StoreUnavailable):
            await here.broker.publish("a", b"lost")
        began = time.monotonic()
        async with here.broker.subscribe(["a", "b"]) as late:
            assert time.monotonic() - began < CALL_S
            assert await anext(late) is Interruption.BEGAN
            server.start()
            await is_back(here)
            async with asyncio.timeout(5):
                for each in (events, late):
                    assert await anext(each) is Interruption.ENDED
            await here.broker.publish("a", b"1")
            for each in (events, late):
                assert await anext(each) == Message("a", b"1")


async def test_a_subscription_to_a_redis_that_is_frozen_waits_no_longer_than_its_deadlines(
    server: RedisServer, here: RedisCache
) -> None:
    server.pause()
    async with asyncio.timeout(5):
        async with here.broker.subscribe(["a"]) as events:
            assert await anext(events) is Interruption.BEGAN
    server.unpause()


async def test_a_listener_that_was_too_slow_drops_all_entries(here: RedisCache, there: RedisCache) -> None:
    principal = device()
    await fill(here.identity_cache, principal)
    assert await there.identity_cache.get(principal.digest) == principal
    await there.broker.publish(there.identity_cache.topic, b"x" * (MAX_QUEUED_BYTES + 1))
    await drops(there, principal, within_s=2)
    await is_back(there)
    await fill(there.identity_cache, principal)
    await there.identity_cache.invalidate([principal.digest])
    await drops(here, principal, within_s=1)
