"""Outages of Redis, and what readers see after them."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from iotflow.addresses import RedisAddress
from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.repositories.cache import CacheCounter, Miss
from iotflow.services.idempotency import Idempotency
from iotflow.stores.redis import latest_cache
from iotflow.stores.redis.cache import RedisCache, open_redis
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import value
from tests.contracts.presence import LATER
from tests.contracts.rate_limits import wait
from tests.contracts.versioned_cache import device, fill
from tests.proxy import Proxy
from tests.stores.redis import eventually
from tests.stores.redis_faults.processes import CALL_S, DEVICE, LIFETIME_S, T, is_back, newest, shown
from tests.stores.redis_server import RedisServer


async def test_without_redis_no_call_fails_or_waits(
    server: RedisServer, here: RedisCache, caplog: pytest.LogCaptureFixture
) -> None:
    principal = device()
    server.pause()
    slowest = 0.0
    for round_ in range(8):
        began = time.monotonic()
        assert await shown(here) is None
        await here.latest_cache.merge(DEVICE, newest(round_))
        await here.latest_cache.invalidate(DEVICE)
        await here.presence.touch(DEVICE, Millis(T + round_))
        await here.counters.add(CacheCounter.CACHE_HITS, 1)
        assert (await here.counters.totals())[CacheCounter.CACHE_HITS] == round_ + 1
        if round_ == 0:
            # Four calls wait for Redis, three of them their deadline; then calls no longer reach it.
            assert time.monotonic() - began < 5 * CALL_S
        else:
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.1
    assert [await wait(here.rate_limiter, "ada", 2, 60) > 0 for _ in range(3)] == [False, False, True]
    await fill(here.identity_cache, principal)
    assert await here.identity_cache.get(principal.digest) == principal
    with pytest.raises(StoreUnavailable):
        await here.identity_cache.invalidate([principal.digest])
    assert isinstance(await here.identity_cache.get(principal.digest), Miss)
    with pytest.raises(StoreUnavailable):
        await here.ping()
    assert len(caplog.records) < 10
    server.unpause()
    await is_back(here)
    assert await here.presence.last_seen([DEVICE]) == {DEVICE: T + 7}
    assert await here.presence.pending() == {DEVICE: T + 7}
    assert (await here.counters.totals())[CacheCounter.CACHE_HITS] == 8
    assert "all cached entries are void" in caplog.text


async def test_presence_that_redis_did_not_store_is_flushed(server: RedisServer, here: RedisCache) -> None:
    server.kill()
    await here.presence.touch(1, T)
    assert await here.presence.pending() == {1: T}
    server.start()
    await is_back(here)
    await here.presence.touch(2, T)
    seen = await here.presence.pending()
    assert seen == {1: T, 2: T}
    await here.presence.mark_flushed(seen)
    assert await here.presence.pending() == {}
    await here.presence.touch(1, T)
    await here.presence.remove([1])
    assert await here.presence.last_seen([1, 2]) == {}


async def test_idempotency_keys_survive_an_outage_in_which_no_submission_waits_long(
    server: RedisServer, here: RedisCache
) -> None:
    idempotency, stored = Idempotency(here.idempotency_keys), list[Millis]()

    async def store(at: Millis) -> None:
        stored.append(at)

    async def submit(at: Millis) -> Millis:
        return await idempotency.store_once(DEVICE, "key", b"body", at, store)

    assert await submit(T) == await submit(LATER) == T
    server.pause()
    for _ in range(4):
        began = time.monotonic()
        assert await submit(LATER) == LATER
        assert time.monotonic() - began < 2 * CALL_S
    server.unpause()
    await is_back(here)
    assert await submit(LATER) == T
    assert stored == [T, LATER, LATER, LATER, LATER]


@pytest.mark.parametrize("moment", range(5))
async def test_a_value_stored_while_redis_was_frozen_is_not_hidden_by_a_stale_one(
    server: RedisServer, here: RedisCache, there: RedisCache, moment: int
) -> None:
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    assert await shown(there) == 1
    server.pause()
    await asyncio.sleep(moment * 0.1)
    # `there` sends nothing during the outage, and must detect it nevertheless.
    for number in range(2, 2 + 2 * moment):
        await here.latest_cache.merge(DEVICE, newest(number))
    await here.latest_cache.merge(DEVICE, newest(100))
    server.unpause()

    async def readable() -> bool:
        found = await there.latest_cache.get(DEVICE)
        if isinstance(found, Miss):
            await there.latest_cache.fill(DEVICE, newest(100), found)
            return False
        assert found["x"].value == 100
        return True

    await eventually(readable)
    assert await shown(here) in (100, None)


async def test_a_process_that_reconnects_waits_for_processes_that_have_not(
    server: RedisServer, here: RedisCache, there: RedisCache, line: Proxy
) -> None:
    await fill_latest(there.latest_cache, DEVICE, newest(1))
    server.pause()
    for _ in range(3):
        await asyncio.gather(shown(here), shown(there))
    # Both processes now send only a probe each 0.5 s, and that of `here` is late.
    line.freeze()
    server.unpause()
    await is_back(there)
    found = await there.latest_cache.get(DEVICE)
    assert isinstance(found, Miss)
    await there.latest_cache.fill(DEVICE, newest(1), found)
    await here.latest_cache.merge(DEVICE, newest(2))
    assert await shown(there) is None
    line.drop()
    line.thaw()
    await is_back(here)
    await here.latest_cache.merge(DEVICE, newest(3))

    async def readable() -> bool:
        found = await there.latest_cache.get(DEVICE)
        if isinstance(found, Miss):
            await there.latest_cache.fill(DEVICE, newest(3), found)
            return False
        assert found["x"].value == 3
        return True

    await eventually(readable)


@pytest.mark.parametrize("saved", [False, True])
async def test_a_restored_redis_with_no_or_old_data_serves_nothing_stale(
    server: RedisServer, here: RedisCache, there: RedisCache, raw: Redis, saved: bool
) -> None:
    principal = device()
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    await fill(here.identity_cache, principal)
    if saved:
        await raw.save()
    await here.latest_cache.merge(DEVICE, newest(2))
    await here.identity_cache.invalidate([principal.digest])
    assert await shown(there) == 2
    server.kill()
    server.start()
    for cache in (there, here):
        assert await shown(cache) is None
        assert isinstance(await cache.identity_cache.get(principal.digest), Miss)
    if saved:
        assert await raw.keys("iotflow:latest:*"), "the old data is there, and no process reads it"


async def test_a_process_that_was_cut_off_voids_entries_it_could_not_change(
    here: RedisCache, there: RedisCache, line: Proxy, raw: Redis
) -> None:
    principal = device()
    await fill_latest(there.latest_cache, DEVICE, newest(1))
    await fill(there.identity_cache, principal)
    line.freeze()
    await here.latest_cache.merge(DEVICE, newest(2))
    with pytest.raises(StoreUnavailable):
        await here.identity_cache.invalidate([principal.digest])
    # The lifetime of the entry bounds the staleness in other processes.
    assert await shown(there) == 1
    (entry,) = await raw.keys("iotflow:latest:*")
    assert 0 < await raw.pttl(entry) <= latest_cache.LIFETIME_S * 1_000
    line.drop()
    line.thaw()
    await is_back(here)
    assert await shown(here) is None
    assert await shown(there) is None


async def test_a_slow_redis_is_treated_as_unavailable(here: RedisCache, line: Proxy) -> None:
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    line.delay_s = 0.4
    began = time.monotonic()
    assert await shown(here) is None
    assert time.monotonic() - began < CALL_S
    await here.latest_cache.merge(DEVICE, newest(2))
    line.delay_s = 0
    await is_back(here)
    assert await shown(here) is None


async def test_the_end_of_an_idle_connection_fails_no_call(here: RedisCache, raw: Redis) -> None:
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    await raw.client_kill_filter(_type="normal", skipme=True)
    await here.latest_cache.merge(DEVICE, newest(2))
    assert await shown(here) == 2


async def test_scripts_that_redis_has_lost_are_loaded_again(here: RedisCache, raw: Redis) -> None:
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    await raw.script_flush()
    assert await shown(here) is None

    async def filled() -> bool:
        found = await here.latest_cache.get(DEVICE)
        if isinstance(found, Miss):
            await here.latest_cache.fill(DEVICE, newest(2), found)
        return await shown(here) == 2

    await eventually(filled)


async def test_a_redis_without_memory_serves_nothing_stale(here: RedisCache, there: RedisCache, raw: Redis) -> None:
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    await raw.config_set("maxmemory", 1)
    await here.latest_cache.merge(DEVICE, newest(2))
    for cache in (here, there):
        assert await shown(cache) in (2, None)
    await here.latest_cache.merge(DEVICE, {"another name": value(1, T, SystemClock().unique_now())})
    await fill(here.identity_cache, device())
    await raw.config_set("maxmemory", 0)
    await is_back(here)
    for cache in (here, there):
        assert await shown(cache) in (2, None)


async def test_a_process_that_starts_voids_the_entries_of_one_before_it(
    here: RedisCache, address: RedisAddress
) -> None:
    await fill_latest(here.latest_cache, DEVICE, newest(1))
    async with open_redis(address, SystemClock(), LIFETIME_S) as next_one:
        assert await shown(next_one) is None
    assert await shown(here) is None


async def test_closing_while_redis_is_away_takes_no_longer_than_its_deadlines(
    server: RedisServer, address: RedisAddress
) -> None:
    async with open_redis(address, SystemClock(), LIFETIME_S) as here:
        await is_back(here)
        server.pause()
        began = time.monotonic()
    assert time.monotonic() - began < 3 * CALL_S
    server.unpause()
