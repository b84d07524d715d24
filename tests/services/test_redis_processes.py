"""Two processes on one SQL store and one Redis: each refuses credentials that the other revoked."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.stores import Stores
from iotflow.services.passwords import Passwords
from iotflow.stores.redis import leases
from iotflow.stores.redis.cache import RedisCache, open_redis
from iotflow.stores.redis.versioned_cache import LOCAL_LIFETIME_S
from iotflow.urls import parse_redis_url
from tests.clock import FakeClock
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    create_token,
    register_device,
    register_user,
    submit,
)
from tests.services.interception import Fail, Intercepted, Pause
from tests.services.test_identity_races import OF_KEYS, Revocation, key_works, token_works
from tests.stores.redis import OnRedis
from tests.stores.redis_server import RedisServer, require
from tests.waiting import wait_until

READERS = 25
VISIBLE_WITHIN_S = 1.0


def over(stores: Stores, redis: RedisCache) -> Stores:
    """Return the stores of a process with this cache."""
    return replace(
        stores,
        identity_cache=redis.identity_cache,
        device_cache=redis.device_cache,
        latest_cache=redis.latest_cache,
        presence=redis.presence,
        rate_limiter=redis.rate_limiter,
        counters=redis.counters,
        idempotency_keys=redis.idempotency_keys,
        rule_cache=redis.rule_cache,
        rule_states=redis.rule_states,
    )


class TestTwoProcesses(OnRedis):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def here(self, stores: Stores, redis: RedisCache, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
        return build_harness(over(stores, redis), clock, passwords)

    @pytest.fixture
    def there(self, stores: Stores, other_redis: RedisCache, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
        return build_harness(over(stores, other_redis), clock, passwords)

    @pytest.fixture
    async def ada(self, here: ServiceHarness) -> SignedInUser:
        return await register_user(here, "ada")

    @pytest.fixture
    async def root(self, here: ServiceHarness) -> SignedInUser:
        return await register_user(here, "root", is_admin=True)

    @pytest.fixture
    async def device(self, here: ServiceHarness, there: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
        """A device of Ada's that has sent 10 for second 10 and 20 for second 20; nothing is cached."""
        device = await register_device(here, ada)
        for second in (10, 20):
            await submit(here, device, second, temp=second)
        await here.stores.latest_cache.invalidate(device.id)
        await here.stores.identity_cache.invalidate([(await calling(here, device.key)).digest])
        return device

    @pytest.mark.parametrize("revoke", OF_KEYS)
    async def test_a_look_up_overtaken_by_a_revocation_elsewhere_caches_nothing(
        self,
        here: ServiceHarness,
        there: ServiceHarness,
        ada: SignedInUser,
        root: SignedInUser,
        device: RegisteredDevice,
        passwords: Passwords,
        revoke: Revocation,
    ) -> None:
        pause = Pause()
        edge = Intercepted(here.stores.identity_cache, "fill", before=pause)
        slow = build_harness(replace(here.stores, identity_cache=edge), here.clock, passwords)
        looking_up = asyncio.create_task(key_works(slow, device))
        await pause.reached.wait()
        await revoke(there, ada, root, device)
        pause.go_on.set()
        await looking_up
        assert not await key_works(here, device)
        assert not await key_works(there, device)

    @pytest.mark.parametrize("revoke", OF_KEYS)
    async def test_a_look_up_that_overtakes_a_revocation_elsewhere_is_dropped(
        self,
        here: ServiceHarness,
        there: ServiceHarness,
        ada: SignedInUser,
        root: SignedInUser,
        device: RegisteredDevice,
        passwords: Passwords,
        revoke: Revocation,
    ) -> None:
        pause = Pause()
        edge = Intercepted(there.stores.identity_cache, "invalidate", "invalidate_account", before=pause)
        slow = build_harness(replace(there.stores, identity_cache=edge), here.clock, passwords)
        # The first process read before the commit; its fill comes between the commit and the invalidation.
        read = Pause()
        late = build_harness(
            replace(here.stores, identity_cache=Intercepted(here.stores.identity_cache, "fill", before=read)),
            here.clock,
            passwords,
        )
        looking_up = asyncio.create_task(key_works(late, device))
        await read.reached.wait()
        revoking = asyncio.create_task(revoke(slow, ada, root, device))
        await pause.reached.wait()
        read.go_on.set()
        assert await looking_up
        assert await key_works(here, device), "the cache was filled and has not been invalidated"
        pause.go_on.set()
        await revoking
        async with asyncio.timeout(1):
            while await key_works(here, device):  # noqa: ASYNC110  # the message may still be in transit
                await asyncio.sleep(0.01)
        assert not await key_works(there, device)

    async def test_a_personal_access_token_that_is_revoked_elsewhere_is_refused(
        self, here: ServiceHarness, there: ServiceHarness, ada: SignedInUser
    ) -> None:
        bearer = await create_token(here, ada, TokenScope.READ)
        assert bearer.caller.grant is not None
        assert await token_works(there, bearer)
        await there.services.personal_tokens.revoke(ada.context, ada.caller.user_id, bearer.caller.grant.token_id)
        assert not await token_works(there, bearer)
        async with asyncio.timeout(1):
            while await token_works(here, bearer):  # noqa: ASYNC110  # nothing signals it
                await asyncio.sleep(0.01)

    async def test_a_submission_elsewhere_is_visible_at_once(
        self, here: ServiceHarness, there: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
    ) -> None:
        assert await latest(here, ada, device) == 20
        await submit(there, device, 30, temp=30)
        assert await latest(here, ada, device) == 30
        await submit(here, device, 25, temp="late")
        assert await latest(there, ada, device) == 30

    async def test_a_submission_that_was_deleted_elsewhere_before_its_acknowledgement_is_not_shown(
        self,
        here: ServiceHarness,
        there: ServiceHarness,
        ada: SignedInUser,
        device: RegisteredDevice,
        passwords: Passwords,
    ) -> None:
        pause = Pause()
        intercepted = Intercepted(here.stores.telemetry, "write", after=pause)
        slow = build_harness(replace(here.stores, telemetry=intercepted), here.clock, passwords)
        submitting = asyncio.create_task(submit(slow, device, 30, temp=30))
        await pause.reached.wait()
        await there.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(30_000), None))
        assert await latest(there, ada, device) == 20
        pause.go_on.set()
        await submitting
        assert await latest(here, ada, device) == 20
        assert await latest(there, ada, device) == 20

    async def test_concurrent_readers_at_both_read_the_store_once(
        self,
        here: ServiceHarness,
        there: ServiceHarness,
        ada: SignedInUser,
        device: RegisteredDevice,
        passwords: Passwords,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # After its wait a caller reads the store itself, on a busy machine too early for this test.
        monkeypatch.setattr(leases, "MAX_WAITS", 500)
        reads = Fail(None)
        crowded = [
            build_harness(
                replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "latest", before=reads)),
                harness.clock,
                passwords,
            )
            for harness in (here, there)
        ]
        answers = await asyncio.gather(
            *(
                harness.services.telemetry_queries.latest(ada.context, device.id)
                for harness in crowded
                for _ in range(READERS)
            )
        )
        assert {answer.latest_values["temp"].value for answer in answers} == {20}
        assert reads.calls == 1

    async def test_concurrent_calls_with_one_key_at_both_look_it_up_once(
        self, here: ServiceHarness, there: ServiceHarness, device: RegisteredDevice, passwords: Passwords
    ) -> None:
        fills = Fail(None)
        crowded = [
            build_harness(
                replace(
                    harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "fill", before=fills)
                ),
                harness.clock,
                passwords,
            )
            for harness in (here, there)
        ]
        await asyncio.gather(*(calling(harness, device.key) for harness in crowded for _ in range(READERS)))
        assert fills.calls == 1

    async def test_a_heartbeat_at_one_is_visible_to_the_other(
        self, here: ServiceHarness, there: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
    ) -> None:
        here.clock.advance(5)
        await calling(here, device.key)

        async def is_visible() -> bool:
            return (await there.services.devices.get(ada.context, device.id)).last_seen == here.clock.now()

        await wait_until(is_visible, VISIBLE_WITHIN_S)


class TestRedisOutage:
    """The services while Redis is killed: responses stay correct."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[RedisServer]:
        require()
        with RedisServer(tmp_path) as server:
            yield server

    @pytest.fixture
    async def harnesses(
        self, server: RedisServer, stores: Stores, clock: FakeClock, passwords: Passwords
    ) -> AsyncIterator[list[ServiceHarness]]:
        """The services of two processes."""
        async with AsyncExitStack() as stack:
            address = parse_redis_url(server.url)
            caches = [await stack.enter_async_context(open_redis(address, clock, 30)) for _ in range(2)]
            yield [build_harness(over(stores, cache), clock, passwords) for cache in caches]

    async def test_telemetry_continues_and_no_reader_sees_older_values(
        self, server: RedisServer, harnesses: list[ServiceHarness]
    ) -> None:
        here, there = harnesses
        ada = await register_user(here, "ada")
        device = await register_device(here, ada)
        await submit(here, device, 10, temp=10)
        assert await latest(there, ada, device) == 10
        server.kill()
        await submit(there, device, 20, temp=20)
        assert await latest(here, ada, device) == await latest(there, ada, device) == 20
        await here.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(15_000), None))
        assert await latest(there, ada, device) == 10
        server.start()
        await submit(here, device, 30, temp=30)
        for harness in (there, here):
            assert await latest(harness, ada, device) == 30

    @pytest.mark.parametrize("revoke", OF_KEYS)
    async def test_a_revocation_is_seen_here_at_once_and_elsewhere_within_seconds(
        self, server: RedisServer, harnesses: list[ServiceHarness], revoke: Revocation
    ) -> None:
        here, there = harnesses
        ada, root = await register_user(here, "ada"), await register_user(here, "root", is_admin=True)
        device = await register_device(here, ada)
        assert await key_works(here, device)
        assert await key_works(there, device)
        server.kill()
        await revoke(here, ada, root, device)
        assert not await key_works(here, device)
        here.clock.advance(LOCAL_LIFETIME_S)
        assert not await key_works(there, device)


async def latest(harness: ServiceHarness, owner: SignedInUser, device: RegisteredDevice) -> Value:
    """Return the latest value twice: as a reader receives it now, and then from the cache."""
    first = (await harness.services.telemetry_queries.latest(owner.context, device.id)).latest_values["temp"].value
    assert (await harness.services.telemetry_queries.latest(owner.context, device.id)).latest_values[
        "temp"
    ].value == first
    return first
