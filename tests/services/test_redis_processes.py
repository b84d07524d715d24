"""Two processes over one SQL store and one Redis: what one of them ends, the other one does not believe."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from iotflow.bootstrap import Stores
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, Span
from iotflow.services.passwords import Passwords
from iotflow.stores.redis import entries
from iotflow.stores.redis.address import parse_address
from iotflow.stores.redis.cache import RedisCache, open_redis
from iotflow.stores.redis.principal_cache import NEAR_LIFETIME_S
from tests.clock import FakeClock
from tests.services.edges import Edge, Fail, Pause
from tests.services.house import House, Probe, Resident, calling, furnish, new_probe, new_resident, submit
from tests.services.test_principal_races import OF_KEYS, Revocation, key_works
from tests.stores.redis import OnRedis
from tests.stores.redis_server import RedisServer, require

READERS = 25


def over(stores: Stores, redis: RedisCache) -> Stores:
    """The stores of a process whose cache is this one."""
    return replace(
        stores,
        principals=redis.principals,
        latest=redis.latest,
        presence=redis.presence,
        rate_limiter=redis.rate_limiter,
        counters=redis.counters,
    )


class TestTwoProcesses(OnRedis):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def here(self, stores: Stores, redis: RedisCache, clock: FakeClock, passwords: Passwords) -> House:
        return furnish(over(stores, redis), clock, passwords)

    @pytest.fixture
    def there(self, stores: Stores, other_redis: RedisCache, clock: FakeClock, passwords: Passwords) -> House:
        return furnish(over(stores, other_redis), clock, passwords)

    @pytest.fixture
    async def ada(self, here: House) -> Resident:
        return await new_resident(here, "ada")

    @pytest.fixture
    async def root(self, here: House) -> Resident:
        return await new_resident(here, "root", is_admin=True)

    @pytest.fixture
    async def probe(self, here: House, there: House, ada: Resident) -> Probe:
        """A device of Ada's that has sent 10 for second 10 and 20 for second 20; no cache knows."""
        probe = await new_probe(here, ada)
        for second in (10, 20):
            await submit(here, probe, second, temp=second)
        device = await calling(here, probe.key)
        await here.stores.latest.invalidate(probe.id)
        await here.stores.principals.invalidate([device.credential])
        return probe

    @pytest.mark.parametrize("revoke", OF_KEYS)
    async def test_a_look_up_that_is_overtaken_by_a_revocation_elsewhere_leaves_nothing(
        self,
        here: House,
        there: House,
        ada: Resident,
        root: Resident,
        probe: Probe,
        passwords: Passwords,
        revoke: Revocation,
    ) -> None:
        pause = Pause()
        edge = Edge(here.stores.principals, "fill", before=pause)
        slow = furnish(replace(here.stores, principals=edge), here.clock, passwords)
        looking_up = asyncio.create_task(key_works(slow, probe))
        await pause.reached.wait()
        await revoke(there, ada, root, probe)
        pause.go_on.set()
        await looking_up
        assert not await key_works(here, probe)
        assert not await key_works(there, probe)

    @pytest.mark.parametrize("revoke", OF_KEYS)
    async def test_a_look_up_that_overtakes_a_revocation_elsewhere_is_forgotten(
        self,
        here: House,
        there: House,
        ada: Resident,
        root: Resident,
        probe: Probe,
        passwords: Passwords,
        revoke: Revocation,
    ) -> None:
        pause = Pause()
        edge = Edge(there.stores.principals, "invalidate", "invalidate_account", before=pause)
        slow = furnish(replace(there.stores, principals=edge), here.clock, passwords)
        # One of them read before the commit: its fill comes between the commit and the invalidation.
        read = Pause()
        late = furnish(
            replace(here.stores, principals=Edge(here.stores.principals, "fill", before=read)), here.clock, passwords
        )
        looking_up = asyncio.create_task(key_works(late, probe))
        await read.reached.wait()
        revoking = asyncio.create_task(revoke(slow, ada, root, probe))
        await pause.reached.wait()
        read.go_on.set()
        assert await looking_up
        assert await key_works(here, probe), "the cache was filled and knows no better yet"
        pause.go_on.set()
        await revoking
        async with asyncio.timeout(1):
            while await key_works(here, probe):  # noqa: ASYNC110  # the message is on its way
                await asyncio.sleep(0.01)
        assert not await key_works(there, probe)

    async def test_a_submission_elsewhere_is_seen_at_once(
        self, here: House, there: House, ada: Resident, probe: Probe
    ) -> None:
        assert await latest(here, ada, probe) == 20
        await submit(there, probe, 30, temp=30)
        assert await latest(here, ada, probe) == 30
        await submit(here, probe, 25, temp="late")
        assert await latest(there, ada, probe) == 30

    async def test_a_submission_that_was_deleted_elsewhere_before_its_acknowledgement_is_not_shown(
        self, here: House, there: House, ada: Resident, probe: Probe, passwords: Passwords
    ) -> None:
        pause = Pause()
        edge = Edge(here.stores.telemetry, "write", after=pause)
        slow = furnish(replace(here.stores, telemetry=edge), here.clock, passwords)
        submitting = asyncio.create_task(submit(slow, probe, 30, temp=30))
        await pause.reached.wait()
        await there.history.delete(ada.caller, probe.id, Span(Millis(30_000), None), None)
        assert await latest(there, ada, probe) == 20
        pause.go_on.set()
        await submitting
        assert await latest(here, ada, probe) == 20
        assert await latest(there, ada, probe) == 20

    async def test_a_crowd_at_both_reads_the_store_once(
        self,
        here: House,
        there: House,
        ada: Resident,
        probe: Probe,
        passwords: Passwords,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Who has waited long enough reads by itself, which on a busy machine comes too soon for this.
        monkeypatch.setattr(entries, "WAITS", 500)
        reads = Fail(None)
        crowded = [
            furnish(
                replace(house.stores, telemetry=Edge(house.stores.telemetry, "latest", before=reads)),
                house.clock,
                passwords,
            )
            for house in (here, there)
        ]
        answers = await asyncio.gather(
            *(house.history.latest(ada.caller, probe.id) for house in crowded for _ in range(READERS))
        )
        assert {answer.values["temp"].value for answer in answers} == {20}
        assert reads.calls == 1

    async def test_a_crowd_with_one_key_at_both_looks_it_up_once(
        self, here: House, there: House, probe: Probe, passwords: Passwords
    ) -> None:
        fills = Fail(None)
        crowded = [
            furnish(
                replace(house.stores, principals=Edge(house.stores.principals, "fill", before=fills)),
                house.clock,
                passwords,
            )
            for house in (here, there)
        ]
        await asyncio.gather(*(calling(house, probe.key) for house in crowded for _ in range(READERS)))
        assert fills.calls == 1

    async def test_a_heartbeat_at_one_is_known_to_the_other(
        self, here: House, there: House, ada: Resident, probe: Probe
    ) -> None:
        here.clock.advance(5)
        await calling(here, probe.key)
        assert (await there.devices.get(ada.caller, probe.id)).last_seen == here.clock.now()


class TestAwayRedis:
    """The services over a Redis that is killed: whatever they answer is as right as before."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[RedisServer]:
        require()
        with RedisServer(tmp_path) as server:
            yield server

    @pytest.fixture
    async def houses(
        self, server: RedisServer, stores: Stores, clock: FakeClock, passwords: Passwords
    ) -> AsyncIterator[list[House]]:
        """Two processes."""
        async with AsyncExitStack() as stack:
            address = parse_address(server.url)
            caches = [await stack.enter_async_context(open_redis(address, clock, 30)) for _ in range(2)]
            yield [furnish(over(stores, cache), clock, passwords) for cache in caches]

    async def test_telemetry_goes_on_and_nobody_sees_what_is_older(
        self, server: RedisServer, houses: list[House]
    ) -> None:
        here, there = houses
        ada = await new_resident(here, "ada")
        probe = await new_probe(here, ada)
        await submit(here, probe, 10, temp=10)
        assert await latest(there, ada, probe) == 10
        server.kill()
        await submit(there, probe, 20, temp=20)
        assert await latest(here, ada, probe) == await latest(there, ada, probe) == 20
        await here.history.delete(ada.caller, probe.id, Span(Millis(15_000), None), None)
        assert await latest(there, ada, probe) == 10
        server.start()
        await submit(here, probe, 30, temp=30)
        for house in (there, here):
            assert await latest(house, ada, probe) == 30

    @pytest.mark.parametrize("revoke", OF_KEYS)
    async def test_a_revocation_is_seen_here_at_once_and_elsewhere_within_seconds(
        self, server: RedisServer, houses: list[House], revoke: Revocation
    ) -> None:
        here, there = houses
        ada, root = await new_resident(here, "ada"), await new_resident(here, "root", is_admin=True)
        probe = await new_probe(here, ada)
        assert await key_works(here, probe)
        assert await key_works(there, probe)
        server.kill()
        await revoke(here, ada, root, probe)
        assert not await key_works(here, probe)
        here.clock.advance(NEAR_LIFETIME_S)
        assert not await key_works(there, probe)


async def latest(house: House, owner: Resident, probe: Probe) -> Value:
    """The newest value as a reader sees it now and, from the cache, a moment later."""
    first = (await house.history.latest(owner.caller, probe.id)).values["temp"].value
    assert (await house.history.latest(owner.caller, probe.id)).values["temp"].value == first
    return first
