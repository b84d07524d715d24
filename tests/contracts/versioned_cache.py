"""Contracts of the versioned caches: of identities by digest, and of devices by id."""

import asyncio
import secrets
from collections.abc import Hashable
from dataclasses import replace
from typing import Generic, Protocol, TypeVar
from uuid import UUID, uuid4

import pytest

from iotflow.clock import Clock
from iotflow.domain.devices import DeviceStatus, DeviceSummary
from iotflow.domain.personal_tokens import TokenGrant, TokenScope
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.cache import Miss, VersionedCache
from tests.contracts.timed import PassTime, Timed

K = TypeVar("K", bound=Hashable)
L = TypeVar("L", contravariant=True)
V = TypeVar("V")

LIFETIME_S = 3
"""Lifetime of the cache under test: short, because the time of some stores cannot be faked."""


def user(clock: Clock, expires_in_ms: int = 3_600_000) -> UserPrincipal:
    return UserPrincipal(uuid4(), "Ada", True, secrets.token_bytes(32), Millis(clock.now() + expires_in_ms))


def bearer(clock: Clock) -> UserPrincipal:
    """Return the bearer of a personal access token that never expires."""
    grant = TokenGrant(2**53 - 1, frozenset((TokenScope.READ, TokenScope.TELEMETRY)))
    return replace(user(clock), is_admin=False, expires_at=None, grant=grant)


def summary(user_id: UUID | None = None) -> DeviceSummary:
    device_id = 2**53 - 1 - secrets.randbits(50)
    return DeviceSummary(
        device_id, user_id or uuid4(), "püm\u0308p", "actuator", DeviceStatus.MAINTENANCE, points_per_second=7
    )


def device(expires_at: Millis | None = None, user_id: UUID | None = None) -> DevicePrincipal:
    return DevicePrincipal(summary(user_id), secrets.token_bytes(32), expires_at)


class Readable(Protocol[L]):
    """The method of a cache that look-ups use."""

    async def get(self, key: L) -> object: ...


async def missed(cache: Readable[K], key: K) -> Miss:
    """Return the miss of the first look-up. Raises AssertionError if there is an entry."""
    found = await cache.get(key)
    assert isinstance(found, Miss), "there is an entry already"
    return found


async def soon_missed(cache: Readable[K], key: K) -> None:
    """Wait until a process has received an invalidation. Raises TimeoutError."""
    async with asyncio.timeout(1):
        while not isinstance(await cache.get(key), Miss):  # noqa: ASYNC110  # nothing signals it
            await asyncio.sleep(0.01)


async def fill(cache: VersionedCache[bytes, Principal], principal: Principal) -> None:
    await cache.fill(principal.digest, principal, await missed(cache, principal.digest))


class VersionedCacheContract(Timed, Generic[K, V]):
    """The implementation under test in one process and in another; the same object if it serves one process only."""

    @pytest.fixture
    def cache(self) -> VersionedCache[K, V]:
        raise NotImplementedError

    @pytest.fixture
    def other(self, cache: VersionedCache[K, V]) -> VersionedCache[K, V]:
        return cache

    def new(self, user_id: UUID | None = None) -> V:
        """Return a value with a random key; of a random account if none is given."""
        raise NotImplementedError

    def key(self, value: V) -> K:
        raise NotImplementedError

    async def fill(self, cache: VersionedCache[K, V], *values: V) -> None:
        for value in values:
            await cache.fill(self.key(value), value, await missed(cache, self.key(value)))

    async def test_a_filled_entry_is_visible_to_every_process(
        self, cache: VersionedCache[K, V], other: VersionedCache[K, V]
    ) -> None:
        values = [self.new() for _ in range(3)]
        await self.fill(cache, *values)
        for value in values:
            assert await cache.get(self.key(value)) == value
            assert await other.get(self.key(value)) == value

    async def test_an_unknown_key_is_a_miss(self, cache: VersionedCache[K, V]) -> None:
        await self.fill(cache, self.new())
        await missed(cache, self.key(self.new()))

    async def test_an_entry_is_served_for_the_cache_s_lifetime(
        self, cache: VersionedCache[K, V], pass_time: PassTime
    ) -> None:
        value = self.new()
        await self.fill(cache, value)
        await pass_time(LIFETIME_S - 1)
        assert await cache.get(self.key(value)) == value
        await pass_time(1.1)
        await missed(cache, self.key(value))

    async def test_a_read_does_not_extend_a_lifetime(self, cache: VersionedCache[K, V], pass_time: PassTime) -> None:
        value = self.new()
        await self.fill(cache, value)
        for _ in range(3):
            await pass_time(LIFETIME_S / 3)
            await cache.get(self.key(value))
        await pass_time(0.1)
        await missed(cache, self.key(value))

    async def test_an_invalidated_entry_is_gone_for_every_process_and_others_stay(
        self, cache: VersionedCache[K, V], other: VersionedCache[K, V]
    ) -> None:
        first, second, third = self.new(), self.new(), self.new()
        await self.fill(cache, first, second, third)
        await cache.invalidate([self.key(first), self.key(second), self.key(self.new())])
        for reader in (cache, other):
            await missed(reader, self.key(first))
            await missed(reader, self.key(second))
            assert await reader.get(self.key(third)) == third

    async def test_an_invalidation_drops_local_entries_of_other_processes(
        self, cache: VersionedCache[K, V], other: VersionedCache[K, V]
    ) -> None:
        value = self.new()
        await self.fill(cache, value)
        assert await other.get(self.key(value)) == value
        await cache.invalidate([self.key(value)])
        await soon_missed(other, self.key(value))

    async def test_an_empty_invalidation_is_no_error(self, cache: VersionedCache[K, V]) -> None:
        value = self.new()
        await self.fill(cache, value)
        await cache.invalidate([])
        assert await cache.get(self.key(value)) == value

    async def test_a_read_that_began_before_an_invalidation_fills_nothing(
        self, cache: VersionedCache[K, V], other: VersionedCache[K, V]
    ) -> None:
        value = self.new()
        early = await missed(cache, self.key(value))
        await other.invalidate([self.key(value)])
        await cache.fill(self.key(value), value, early)
        late = await missed(cache, self.key(value))
        await cache.fill(self.key(value), value, late)
        assert await cache.get(self.key(value)) == value

    async def test_an_invalidation_of_another_key_prevents_no_fill(self, cache: VersionedCache[K, V]) -> None:
        value = self.new()
        miss = await missed(cache, self.key(value))
        await cache.invalidate([self.key(self.new())])
        await cache.fill(self.key(value), value, miss)
        assert await cache.get(self.key(value)) == value

    async def test_two_invalidations_during_two_reads_prevent_both_fills(self, cache: VersionedCache[K, V]) -> None:
        value = self.new()
        first = await missed(cache, self.key(value))
        await cache.invalidate([self.key(value)])
        second = await missed(cache, self.key(value))
        await cache.invalidate([self.key(value)])
        for miss in (first, second):
            await cache.fill(self.key(value), value, miss)
            await missed(cache, self.key(value))

    async def test_an_account_s_entries_are_dropped_by_every_process(
        self, cache: VersionedCache[K, V], other: VersionedCache[K, V]
    ) -> None:
        user_id = uuid4()
        owned, neighbour = [self.new(user_id) for _ in range(3)], self.new()
        for value in (*owned, neighbour):
            await self.fill(cache, value)
            assert await other.get(self.key(value)) == value
        await cache.invalidate_account(user_id)
        for value in owned:
            await missed(cache, self.key(value))
            await soon_missed(other, self.key(value))
        assert await cache.get(self.key(neighbour)) == neighbour
        # After an activation, for example, they are read and cached again.
        for process in {cache, other}:
            await self.fill(process, owned[0])
            assert await process.get(self.key(owned[0])) == owned[0]

    async def test_a_read_that_began_before_an_account_s_invalidation_fills_nothing(
        self, cache: VersionedCache[K, V], other: VersionedCache[K, V]
    ) -> None:
        user_id = uuid4()
        value, sibling = self.new(user_id), self.new(user_id)
        await self.fill(cache, sibling)
        early = await missed(cache, self.key(value))
        await other.invalidate_account(user_id)
        await soon_missed(cache, self.key(sibling))
        await cache.fill(self.key(value), value, early)
        await missed(cache, self.key(value))
        await missed(other, self.key(value))


class IdentityCacheContract(VersionedCacheContract[bytes, Principal]):
    def new(self, user_id: UUID | None = None) -> Principal:
        return device(user_id=user_id)

    def key(self, value: Principal) -> bytes:
        return value.digest

    async def test_users_and_devices_are_visible_to_every_process(
        self, cache: VersionedCache[bytes, Principal], other: VersionedCache[bytes, Principal], clock: Clock
    ) -> None:
        principals: list[Principal] = [user(clock), bearer(clock), device(), device(Millis(clock.now() + 60_000))]
        await self.fill(cache, *principals)
        for principal in principals:
            assert await cache.get(principal.digest) == principal
            assert await other.get(principal.digest) == principal

    async def test_an_entry_ends_with_its_credential(
        self, cache: VersionedCache[bytes, Principal], clock: Clock, pass_time: PassTime
    ) -> None:
        principals: list[Principal] = [user(clock, expires_in_ms=1_000), device(Millis(clock.now() + 1_000))]
        await self.fill(cache, *principals)
        await pass_time(1.1)
        for principal in principals:
            await missed(cache, principal.digest)

    async def test_an_expired_credential_is_not_cached(
        self, cache: VersionedCache[bytes, Principal], clock: Clock
    ) -> None:
        principal = user(clock, expires_in_ms=-1)
        await self.fill(cache, principal)
        await missed(cache, principal.digest)

    async def test_an_account_s_tokens_and_keys_are_dropped_by_every_process(
        self, cache: VersionedCache[bytes, Principal], other: VersionedCache[bytes, Principal], clock: Clock
    ) -> None:
        token = user(clock)
        key = device(user_id=token.user_id)
        for principal in (token, key):
            await self.fill(cache, principal)
            assert await other.get(principal.digest) == principal
        await cache.invalidate_account(token.user_id)
        for principal in (token, key):
            await missed(cache, principal.digest)
            await soon_missed(other, principal.digest)

    async def test_a_credential_is_found_by_its_whole_digest(self, cache: VersionedCache[bytes, Principal]) -> None:
        principal = device()
        await self.fill(cache, principal)
        await missed(cache, principal.digest[:-1])
        await missed(cache, principal.digest + b"\0")


class DeviceCacheContract(VersionedCacheContract[int, DeviceSummary]):
    def new(self, user_id: UUID | None = None) -> DeviceSummary:
        return summary(user_id)

    def key(self, value: DeviceSummary) -> int:
        return value.id

    async def test_any_id_is_a_key(
        self, cache: VersionedCache[int, DeviceSummary], other: VersionedCache[int, DeviceSummary]
    ) -> None:
        devices = [replace(summary(), id=device_id) for device_id in (1, 12, 2**53 - 1)]
        await self.fill(cache, *devices)
        for one in devices:
            assert await other.get(one.id) == one
