"""Redis paused, killed, emptied, set back, cut off: nobody is failed by it, and nobody sees what is out of date."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.principals import Principal
from iotflow.domain.telemetry import LatestValue
from iotflow.domain.times import Millis
from iotflow.repositories.counters import Counter
from iotflow.repositories.latest_cache import LatestMiss
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.stores.redis import latest_cache
from iotflow.stores.redis.address import RedisAddress, parse_address
from iotflow.stores.redis.cache import RedisCache, open_redis
from tests.contracts.latest_cache import fill as fill_latest
from tests.contracts.latest_cache import value
from tests.contracts.principal_cache import device, fill
from tests.contracts.rate_limits import wait
from tests.proxy import Proxy, proxied
from tests.stores.redis import eventually
from tests.stores.redis_server import RedisServer, require

LIFETIME_S = 30
CALL_S = 1.0
"""What a call may take at most while Redis does not answer: its deadline, on a busy machine."""
T = Millis(1_700_000_000_000)
DEVICE = 7


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    require()
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def address(server: RedisServer) -> RedisAddress:
    return parse_address(server.url)


@pytest.fixture
async def line(server: RedisServer) -> AsyncIterator[Proxy]:
    """The line of `here` to Redis."""
    async with proxied("127.0.0.1", server.port) as line:
        yield line


@pytest.fixture
async def here(address: RedisAddress, line: Proxy) -> AsyncIterator[RedisCache]:
    """The players of one process."""
    async with open_redis(replace(address, port=line.port), SystemClock(), LIFETIME_S) as here:
        await is_back(here)
        yield here


@pytest.fixture
async def there(address: RedisAddress, here: RedisCache) -> AsyncIterator[RedisCache]:
    """The players of another process."""
    async with open_redis(address, SystemClock(), LIFETIME_S) as there:
        await is_back(there)
        await is_back(here)
        yield there


@pytest.fixture
async def raw(server: RedisServer) -> AsyncIterator[Redis]:
    raw = Redis(port=server.port)
    yield raw
    await raw.aclose()


async def is_back(cache: RedisCache) -> None:
    """Wait until the process speaks with Redis, and hears it."""

    async def answers() -> bool:
        try:
            await cache.ping()
        except StoreUnavailable:
            return False
        return True

    await eventually(answers)


def newest(number: int) -> dict[str, LatestValue]:
    return {"x": value(number, T + number, SystemClock().receipt())}


async def shown(cache: RedisCache) -> object:
    """The device's value as the cache shows it; None if it does not."""
    found = await cache.latest.get(DEVICE)
    return None if isinstance(found, LatestMiss) else found["x"].value


async def test_without_redis_nobody_is_failed_or_kept_waiting(
    server: RedisServer, here: RedisCache, caplog: pytest.LogCaptureFixture
) -> None:
    principal = device()
    server.pause()
    slowest = 0.0
    for round_ in range(8):
        began = time.monotonic()
        assert await shown(here) is None
        await here.latest.advance(DEVICE, newest(round_))
        await here.latest.invalidate(DEVICE)
        await here.presence.seen(DEVICE, Millis(T + round_))
        await here.counters.add(Counter.CACHE_HITS, 1)
        assert (await here.counters.totals())[Counter.CACHE_HITS] == round_ + 1
        if round_ == 0:
            # Four calls wait for Redis, three of them their deadline; then it is not asked any more.
            assert time.monotonic() - began < 5 * CALL_S
        else:
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.1
    assert [await wait(here.rate_limiter, "ada", 2, 60) > 0 for _ in range(3)] == [False, False, True]
    await fill(here.principals, principal)
    assert await here.principals.get(principal.credential) == principal
    with pytest.raises(StoreUnavailable):
        await here.principals.invalidate([principal.credential])
    assert isinstance(await here.principals.get(principal.credential), PrincipalMiss)
    with pytest.raises(StoreUnavailable):
        await here.ping()
    assert len(caplog.records) < 10
    server.unpause()
    await is_back(here)
    assert await here.presence.last_seen([DEVICE]) == {DEVICE: T + 7}
    assert await here.presence.unflushed() == {DEVICE: T + 7}
    assert (await here.counters.totals())[Counter.CACHE_HITS] == 8
    assert "all entries of the cache are void" in caplog.text


async def test_presence_that_redis_did_not_take_is_flushed(server: RedisServer, here: RedisCache) -> None:
    server.kill()
    await here.presence.seen(1, T)
    assert await here.presence.unflushed() == {1: T}
    server.start()
    await is_back(here)
    await here.presence.seen(2, T)
    seen = await here.presence.unflushed()
    assert seen == {1: T, 2: T}
    await here.presence.flushed(seen)
    assert await here.presence.unflushed() == {}
    await here.presence.seen(1, T)
    await here.presence.forget([1])
    assert await here.presence.last_seen([1, 2]) == {}


@pytest.mark.parametrize("moment", range(5))
async def test_a_value_that_was_stored_while_redis_was_frozen_is_not_hidden_by_an_older_one(
    server: RedisServer, here: RedisCache, there: RedisCache, moment: int
) -> None:
    await fill_latest(here.latest, DEVICE, newest(1))
    assert await shown(there) == 1
    server.pause()
    await asyncio.sleep(moment * 0.1)
    # `there` has nothing to say meanwhile, and yet must notice.
    for number in range(2, 2 + 2 * moment):
        await here.latest.advance(DEVICE, newest(number))
    await here.latest.advance(DEVICE, newest(100))
    server.unpause()

    async def readable() -> bool:
        found = await there.latest.get(DEVICE)
        if isinstance(found, LatestMiss):
            await there.latest.fill(DEVICE, newest(100), found)
            return False
        assert found["x"].value == 100
        return True

    await eventually(readable)
    assert await shown(here) in (100, None)


async def test_a_process_that_finds_redis_again_waits_for_those_that_have_not(
    server: RedisServer, here: RedisCache, there: RedisCache, line: Proxy
) -> None:
    await fill_latest(there.latest, DEVICE, newest(1))
    server.pause()
    for _ in range(3):
        await asyncio.gather(shown(here), shown(there))
    # Now nobody asks Redis but once in half a second, and this one is late.
    line.freeze()
    server.unpause()
    await is_back(there)
    found = await there.latest.get(DEVICE)
    assert isinstance(found, LatestMiss)
    await there.latest.fill(DEVICE, newest(1), found)
    await here.latest.advance(DEVICE, newest(2))
    assert await shown(there) is None
    line.drop()
    line.thaw()
    await is_back(here)
    await here.latest.advance(DEVICE, newest(3))

    async def readable() -> bool:
        found = await there.latest.get(DEVICE)
        if isinstance(found, LatestMiss):
            await there.latest.fill(DEVICE, newest(3), found)
            return False
        assert found["x"].value == 3
        return True

    await eventually(readable)


@pytest.mark.parametrize("saved", [False, True])
async def test_a_redis_that_comes_back_empty_or_with_old_data_shows_nothing_old(
    server: RedisServer, here: RedisCache, there: RedisCache, raw: Redis, saved: bool
) -> None:
    principal = device()
    await fill_latest(here.latest, DEVICE, newest(1))
    await fill(here.principals, principal)
    if saved:
        await raw.save()
    await here.latest.advance(DEVICE, newest(2))
    await here.principals.invalidate([principal.credential])
    assert await shown(there) == 2
    server.kill()
    server.start()
    for cache in (there, here):
        assert await shown(cache) is None
        assert isinstance(await cache.principals.get(principal.credential), PrincipalMiss)
    if saved:
        assert await raw.keys("iotflow:latest:*"), "the old data is there, and nobody looks at it"


async def test_a_process_that_was_cut_off_voids_what_it_could_not_tell(
    here: RedisCache, there: RedisCache, line: Proxy, raw: Redis
) -> None:
    principal = device()
    await fill_latest(there.latest, DEVICE, newest(1))
    await fill(there.principals, principal)
    line.freeze()
    await here.latest.advance(DEVICE, newest(2))
    with pytest.raises(StoreUnavailable):
        await here.principals.invalidate([principal.credential])
    # Only the lifetime of the entry bounds what others see meanwhile.
    assert await shown(there) == 1
    (entry,) = await raw.keys("iotflow:latest:*")
    assert 0 < await raw.pttl(entry) <= latest_cache.LIFETIME_S * 1_000
    line.drop()
    line.thaw()
    await is_back(here)
    assert await shown(here) is None
    assert await shown(there) is None


async def test_a_slow_redis_is_one_that_does_not_answer(here: RedisCache, line: Proxy) -> None:
    await fill_latest(here.latest, DEVICE, newest(1))
    line.delay_s = 0.4
    began = time.monotonic()
    assert await shown(here) is None
    assert time.monotonic() - began < CALL_S
    await here.latest.advance(DEVICE, newest(2))
    line.delay_s = 0
    await is_back(here)
    assert await shown(here) is None


async def test_connections_that_end_while_nobody_uses_them_are_not_noticed(here: RedisCache, raw: Redis) -> None:
    await fill_latest(here.latest, DEVICE, newest(1))
    await raw.client_kill_filter(_type="normal", skipme=True)
    await here.latest.advance(DEVICE, newest(2))
    assert await shown(here) == 2


async def test_scripts_that_redis_has_forgotten_are_told_again(here: RedisCache, raw: Redis) -> None:
    await fill_latest(here.latest, DEVICE, newest(1))
    await raw.script_flush()
    assert await shown(here) is None

    async def filled() -> bool:
        found = await here.latest.get(DEVICE)
        if isinstance(found, LatestMiss):
            await here.latest.fill(DEVICE, newest(2), found)
        return await shown(here) == 2

    await eventually(filled)


async def test_a_redis_without_memory_shows_nothing_old(here: RedisCache, there: RedisCache, raw: Redis) -> None:
    await fill_latest(here.latest, DEVICE, newest(1))
    await raw.config_set("maxmemory", 1)
    await here.latest.advance(DEVICE, newest(2))
    for cache in (here, there):
        assert await shown(cache) in (2, None)
    await here.latest.advance(DEVICE, {"another name": value(1, T, SystemClock().receipt())})
    await fill(here.principals, device())
    await raw.config_set("maxmemory", 0)
    await is_back(here)
    for cache in (here, there):
        assert await shown(cache) in (2, None)


async def forgets(cache: RedisCache, principal: Principal, within_s: float) -> None:
    """Wait until the process has heard that this credential proves nothing any more."""

    async def forgotten() -> bool:
        return isinstance(await cache.principals.get(principal.credential), PrincipalMiss)

    await eventually(forgotten, deadline_s=within_s)


async def test_an_invalidation_reaches_what_other_processes_know_themselves(
    here: RedisCache, there: RedisCache
) -> None:
    principal, other = device(), device()
    for one in (principal, other):
        await fill(here.principals, one)
        assert await there.principals.get(one.credential) == one
    await here.principals.invalidate([principal.credential])
    await forgets(there, principal, within_s=1)
    assert await there.principals.get(other.credential) == other


async def test_an_invalidation_that_was_not_heard_is_made_up_for(
    here: RedisCache, there: RedisCache, raw: Redis
) -> None:
    principal = device()
    await fill(here.principals, principal)
    assert await there.principals.get(principal.credential) == principal
    await raw.client_kill_filter(_type="pubsub")
    await here.principals.invalidate([principal.credential])
    await forgets(there, principal, within_s=2)


async def test_a_message_that_nobody_understands_does_not_end_the_listening(
    here: RedisCache, there: RedisCache, raw: Redis
) -> None:
    principal = device()
    await fill(here.principals, principal)
    assert await there.principals.get(principal.credential) == principal
    assert await raw.publish(there.principals.channel, b"\xff no digest") == 2

    async def listened_to() -> bool:
        subscribers: int = await raw.publish(there.principals.channel, b"")
        return subscribers == 2

    await eventually(listened_to, deadline_s=5)
    await here.principals.invalidate([principal.credential])
    await forgets(there, principal, within_s=1)


async def test_what_a_process_knows_itself_ends_soon_while_redis_is_away(
    server: RedisServer, address: RedisAddress
) -> None:
    principal = device()
    async with AsyncExitStack() as stack:
        here, there = [await stack.enter_async_context(open_redis(address, SystemClock(), 2)) for _ in range(2)]
        for cache in (here, there, here):
            await is_back(cache)
        await fill(here.principals, principal)
        assert await there.principals.get(principal.credential) == principal
        server.kill()
        with pytest.raises(StoreUnavailable):
            await here.principals.invalidate([principal.credential])

        async def forgotten() -> bool:
            return isinstance(await there.principals.get(principal.credential), PrincipalMiss)

        await eventually(forgotten, deadline_s=2 + CALL_S)


async def test_a_process_that_begins_voids_what_one_before_it_may_not_have_told(
    here: RedisCache, address: RedisAddress
) -> None:
    await fill_latest(here.latest, DEVICE, newest(1))
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
