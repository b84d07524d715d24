"""What the cache of principals promises."""

import asyncio
import secrets
from dataclasses import replace
from uuid import uuid4

import pytest

from iotflow.clock import Clock
from iotflow.domain.credentials import device_reference
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.principal_cache import PrincipalCache, PrincipalMiss
from tests.contracts.timed import PassTime, Timed

LIFETIME_S = 3
"""The lifetime of the cache under test: short, for a store whose time really passes."""


def user(clock: Clock, expires_in_ms: int = 3_600_000) -> UserPrincipal:
    return UserPrincipal(uuid4(), "Ada", True, secrets.token_bytes(32), Millis(clock.now() + expires_in_ms))


def device(expires_at: Millis | None = None) -> DevicePrincipal:
    digest = secrets.token_bytes(32)
    return DevicePrincipal(2**53 - 1, "püm\u0308p", "actuator", DeviceStatus.MAINTENANCE, uuid4(), digest, expires_at)


async def missed(cache: PrincipalCache, digest: bytes) -> PrincipalMiss:
    """What a reader gets who is the first to look."""
    found = await cache.get(digest)
    assert isinstance(found, PrincipalMiss), "it was there already"
    return found


async def soon_missed(cache: PrincipalCache, digest: bytes) -> None:
    """Wait until a process has received an invalidation. Raises TimeoutError."""
    async with asyncio.timeout(1):
        while not isinstance(await cache.get(digest), PrincipalMiss):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.01)


async def fill(cache: PrincipalCache, principal: Principal) -> None:
    await cache.fill(principal.credential, principal, await missed(cache, principal.credential))


class PrincipalCacheContract(Timed):
    """The player under test, and the same store as another process sees it: the same player where there is none."""

    @pytest.fixture
    def cache(self) -> PrincipalCache:
        raise NotImplementedError

    @pytest.fixture
    def other(self, cache: PrincipalCache) -> PrincipalCache:
        return cache

    async def test_what_was_filled_is_there_for_every_process(
        self, cache: PrincipalCache, other: PrincipalCache, clock: Clock
    ) -> None:
        looked_up = replace(device(), credential=device_reference(2**53 - 1))
        principals: list[Principal] = [user(clock), device(), device(Millis(clock.now() + 60_000)), looked_up]
        for principal in principals:
            await fill(cache, principal)
        for principal in principals:
            assert await cache.get(principal.credential) == principal
            assert await other.get(principal.credential) == principal

    async def test_an_unknown_credential_is_a_miss(self, cache: PrincipalCache) -> None:
        await fill(cache, device())
        await missed(cache, secrets.token_bytes(32))

    async def test_an_entry_is_believed_for_the_cache_s_lifetime(
        self, cache: PrincipalCache, pass_time: PassTime
    ) -> None:
        principal = device()
        await fill(cache, principal)
        await pass_time(LIFETIME_S - 1)
        assert await cache.get(principal.credential) == principal
        await pass_time(1.1)
        await missed(cache, principal.credential)

    async def test_looking_does_not_lengthen_a_lifetime(self, cache: PrincipalCache, pass_time: PassTime) -> None:
        principal = device()
        await fill(cache, principal)
        for _ in range(3):
            await pass_time(LIFETIME_S / 3)
            await cache.get(principal.credential)
        await pass_time(0.1)
        await missed(cache, principal.credential)

    async def test_an_entry_ends_with_its_credential(
        self, cache: PrincipalCache, clock: Clock, pass_time: PassTime
    ) -> None:
        principals: list[Principal] = [user(clock, expires_in_ms=1_000), device(Millis(clock.now() + 1_000))]
        for principal in principals:
            await fill(cache, principal)
        await pass_time(1.1)
        for principal in principals:
            await missed(cache, principal.credential)

    async def test_an_expired_credential_is_not_taken(self, cache: PrincipalCache, clock: Clock) -> None:
        principal = user(clock, expires_in_ms=-1)
        await fill(cache, principal)
        await missed(cache, principal.credential)

    async def test_what_is_invalidated_is_gone_for_every_process_and_the_rest_stays(
        self, cache: PrincipalCache, other: PrincipalCache
    ) -> None:
        first, second, third = device(), device(), device()
        for principal in (first, second, third):
            await fill(cache, principal)
        await cache.invalidate([first.credential, second.credential, secrets.token_bytes(32)])
        for reader in (cache, other):
            await missed(reader, first.credential)
            await missed(reader, second.credential)
            assert await reader.get(third.credential) == third

    async def test_nothing_to_invalidate_is_no_error(self, cache: PrincipalCache) -> None:
        principal = device()
        await fill(cache, principal)
        await cache.invalidate([])
        assert await cache.get(principal.credential) == principal

    async def test_a_read_that_began_before_an_invalidation_fills_nothing(
        self, cache: PrincipalCache, other: PrincipalCache
    ) -> None:
        principal = device()
        early = await missed(cache, principal.credential)
        await other.invalidate([principal.credential])
        await cache.fill(principal.credential, principal, early)
        late = await missed(cache, principal.credential)
        await cache.fill(principal.credential, principal, late)
        assert await cache.get(principal.credential) == principal

    async def test_an_invalidation_of_another_credential_hinders_no_fill(self, cache: PrincipalCache) -> None:
        principal = device()
        miss = await missed(cache, principal.credential)
        await cache.invalidate([device().credential])
        await cache.fill(principal.credential, principal, miss)
        assert await cache.get(principal.credential) == principal

    async def test_invalidated_twice_while_two_read(self, cache: PrincipalCache) -> None:
        principal = device()
        first = await missed(cache, principal.credential)
        await cache.invalidate([principal.credential])
        second = await missed(cache, principal.credential)
        await cache.invalidate([principal.credential])
        for miss in (first, second):
            await cache.fill(principal.credential, principal, miss)
            await missed(cache, principal.credential)

    async def test_an_account_s_credentials_and_devices_are_forgotten_by_every_process(
        self, cache: PrincipalCache, other: PrincipalCache, clock: Clock
    ) -> None:
        token, neighbour = user(clock), device()
        key = replace(device(), user_id=token.user_id)
        looked_up = replace(key, credential=device_reference(key.device_id))
        for principal in (token, key, looked_up, neighbour):
            await fill(cache, principal)
            assert await other.get(principal.credential) == principal
        await cache.invalidate_account(token.user_id)
        for principal in (token, key, looked_up):
            await missed(cache, principal.credential)
            await soon_missed(other, principal.credential)
        assert await cache.get(neighbour.credential) == neighbour
        # They are cached again when they prove something again, as after an activation.
        for process in {cache, other}:
            await fill(process, token)
            assert await process.get(token.credential) == token

    async def test_a_read_that_began_before_an_account_s_invalidation_fills_nothing(
        self, cache: PrincipalCache, other: PrincipalCache
    ) -> None:
        principal = device()
        sibling = replace(device(), user_id=principal.user_id)
        await fill(cache, sibling)
        early = await missed(cache, principal.credential)
        await other.invalidate_account(principal.user_id)
        await soon_missed(cache, sibling.credential)
        await cache.fill(principal.credential, principal, early)
        await missed(cache, principal.credential)
        await missed(other, principal.credential)

    async def test_a_credential_is_found_whole(self, cache: PrincipalCache) -> None:
        principal = device()
        await fill(cache, principal)
        await missed(cache, principal.credential[:-1])
        await missed(cache, principal.credential + b"\0")
