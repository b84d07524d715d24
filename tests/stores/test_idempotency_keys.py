"""The implementations of idempotency keys: the contract suite, and their bounds."""

import tracemalloc

import pytest
from redis.asyncio import Redis

from iotflow.addresses import RedisAddress
from iotflow.clock import Clock
from iotflow.repositories.idempotency import MAX_KEYS_PER_DEVICE, ClaimState
from iotflow.stores.memory import idempotency as in_memory
from iotflow.stores.memory.idempotency import MemoryIdempotencyKeys
from iotflow.stores.redis.cache import RedisCache
from iotflow.stores.redis.idempotency import RedisIdempotencyKeys
from tests.contracts.idempotency import BODY, LATER, MAX_KEYS, IdempotencyKeysContract, T, new_key
from tests.stores.redis import OnRedis


class TestMemoryIdempotencyKeys(IdempotencyKeysContract):
    module = "iotflow.stores.memory.idempotency"

    @pytest.fixture
    def keys(self, clock: Clock) -> MemoryIdempotencyKeys:
        return MemoryIdempotencyKeys(clock)


class TestRedisIdempotencyKeys(OnRedis, IdempotencyKeysContract):
    module = "iotflow.stores.redis.idempotency"

    @pytest.fixture
    def keys(self, redis: RedisCache) -> RedisIdempotencyKeys:
        return redis.idempotency_keys

    @pytest.fixture
    async def other(self, keys: RedisIdempotencyKeys, other_redis: RedisCache) -> RedisIdempotencyKeys:
        return other_redis.idempotency_keys

    async def test_redis_holds_digests_only_and_no_more_than_the_bound(
        self, keys: RedisIdempotencyKeys, raw: Redis, address: RedisAddress, device: int
    ) -> None:
        for _ in range(3 * MAX_KEYS):
            await keys.claim(device, new_key(), BODY, T)
        claims = f"{address.prefix}:idempotency:{{{device}}}"
        assert await raw.hlen(claims) == await raw.zcard(f"{claims}:order") == MAX_KEYS
        for field, entry in (await raw.hgetall(claims)).items():
            assert len(field) == 32
            assert entry.split()[1:] == [b"%d" % T, BODY.hex().encode()]

    async def test_claims_without_their_order_are_dropped(
        self, keys: RedisIdempotencyKeys, raw: Redis, address: RedisAddress, device: int
    ) -> None:
        """Redis evicts the keys of a device one by one."""
        await keys.claim(device, new_key(), BODY, T)
        claims = f"{address.prefix}:idempotency:{{{device}}}"
        await raw.delete(f"{claims}:order")
        await keys.claim(device, new_key(), BODY, T)
        assert await raw.hlen(claims) == 1


async def test_memory_is_bounded_in_bytes(clock: Clock) -> None:
    keys = MemoryIdempotencyKeys(clock)
    tracemalloc.start()
    for device in range(40):
        for _ in range(MAX_KEYS_PER_DEVICE + 1):
            await keys.claim(device, new_key(), new_key(), T)
    last = new_key()
    for device in range(40, 20_000):
        await keys.claim(device, last, BODY, T)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert in_memory.MAX_BYTES / 3 <= taken <= in_memory.MAX_BYTES
    assert (await keys.claim(19_999, last, BODY, LATER)).state is ClaimState.PENDING
    assert (await keys.claim(40, last, BODY, LATER)).state is ClaimState.GRANTED
