"""Contract of the idempotency keys."""

import asyncio
import secrets

import pytest

from iotflow.domain.times import Millis
from iotflow.repositories.idempotency import Claim, ClaimState, IdempotencyKeys
from tests.contracts.telemetry.base import at, new_device
from tests.contracts.timed import PassTime, Timed

T = at("2026-02-01 00:00:00")
LATER = Millis(T + 1_000)
BODY, OTHER_BODY = b"0123456789abcdef", b"fedcba9876543210"
LEASE_MS = 1_000
LIFETIME_MS = 3_000
MAX_KEYS = 20


def new_key() -> bytes:
    return secrets.token_bytes(16)


def first(state: ClaimState) -> Claim:
    """Return the first claim of a key, as a caller sees it."""
    return Claim(BODY, T, state)


class IdempotencyKeysContract(Timed):
    """The implementation under test with the limits above, and that of another process on the same store."""

    module: str

    @pytest.fixture(autouse=True)
    def _limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{self.module}.LEASE_MS", LEASE_MS)
        monkeypatch.setattr(f"{self.module}.KEY_LIFETIME_MS", LIFETIME_MS)
        monkeypatch.setattr(f"{self.module}.MAX_KEYS_PER_DEVICE", MAX_KEYS)

    @pytest.fixture
    def keys(self) -> IdempotencyKeys:
        raise NotImplementedError

    @pytest.fixture
    def other(self, keys: IdempotencyKeys) -> IdempotencyKeys:
        return keys

    @pytest.fixture
    def device(self) -> int:
        return new_device()

    async def test_the_first_claim_is_held_and_the_next_one_pending(
        self, keys: IdempotencyKeys, other: IdempotencyKeys, device: int
    ) -> None:
        key = new_key()
        assert await keys.claim(device, key, BODY, T) == first(ClaimState.GRANTED)
        for process in (keys, other):
            assert await process.claim(device, key, BODY, LATER) == first(ClaimState.PENDING)

    async def test_a_completed_claim_stays_completed(
        self, keys: IdempotencyKeys, other: IdempotencyKeys, device: int, pass_time: PassTime
    ) -> None:
        key = new_key()
        await keys.claim(device, key, BODY, T)
        await keys.complete(device, key)
        assert await other.claim(device, key, BODY, LATER) == first(ClaimState.COMPLETED)
        await pass_time(LEASE_MS / 1_000 + 0.1)
        assert await other.claim(device, key, BODY, LATER) == first(ClaimState.COMPLETED)

    async def test_a_released_claim_is_held_by_the_next_caller(
        self, keys: IdempotencyKeys, other: IdempotencyKeys, device: int
    ) -> None:
        key = new_key()
        await keys.claim(device, key, BODY, T)
        await keys.release(device, key)
        assert await other.claim(device, key, BODY, LATER) == first(ClaimState.GRANTED)
        assert await keys.claim(device, key, BODY, LATER) == first(ClaimState.PENDING)

    async def test_a_claim_whose_lease_ended_is_held_by_the_next_caller(
        self, keys: IdempotencyKeys, other: IdempotencyKeys, device: int, pass_time: PassTime
    ) -> None:
        key = new_key()
        await keys.claim(device, key, BODY, T)
        await pass_time(LEASE_MS / 1_000 + 0.1)
        assert await other.claim(device, key, BODY, LATER) == first(ClaimState.GRANTED)
        assert await keys.claim(device, key, BODY, LATER) == first(ClaimState.PENDING)

    async def test_another_fingerprint_takes_no_lease(self, keys: IdempotencyKeys, device: int) -> None:
        key = new_key()
        await keys.claim(device, key, BODY, T)
        await keys.release(device, key)
        found = await keys.claim(device, key, OTHER_BODY, LATER)
        assert (found.fingerprint, found.timestamp) == (BODY, T)
        assert await keys.claim(device, key, BODY, LATER) == first(ClaimState.GRANTED)

    async def test_devices_and_keys_are_separate(self, keys: IdempotencyKeys, device: int) -> None:
        key = new_key()
        for claimed in ((device, key), (device + 1, key), (device, new_key())):
            assert (await keys.claim(*claimed, BODY, T)).state is ClaimState.GRANTED

    async def test_one_of_many_concurrent_callers_holds_a_claim(
        self, keys: IdempotencyKeys, other: IdempotencyKeys, device: int
    ) -> None:
        key = new_key()
        claims = await asyncio.gather(*(process.claim(device, key, BODY, T) for process in (keys, other) * 25))
        assert [claim.state for claim in claims].count(ClaimState.GRANTED) == 1

    async def test_a_key_is_kept_for_its_lifetime_from_the_first_claim(
        self, keys: IdempotencyKeys, device: int, pass_time: PassTime
    ) -> None:
        old, young = new_key(), new_key()
        await keys.claim(device, old, BODY, T)
        await keys.complete(device, old)
        await pass_time(LIFETIME_MS / 2_000)
        await keys.claim(device, young, BODY, T)
        assert (await keys.claim(device, old, BODY, LATER)).state is ClaimState.COMPLETED
        await pass_time(LIFETIME_MS / 2_000 + 0.1)
        assert await keys.claim(device, old, OTHER_BODY, LATER) == Claim(OTHER_BODY, LATER, ClaimState.GRANTED)
        assert (await keys.claim(device, young, BODY, LATER)).timestamp == T

    async def test_the_latest_keys_of_a_device_are_kept(self, keys: IdempotencyKeys, device: int) -> None:
        claimed = [new_key() for _ in range(MAX_KEYS + 5)]
        neighbour = new_key()
        await keys.claim(device + 1, neighbour, BODY, T)
        for key in claimed:
            await keys.claim(device, key, BODY, T)
        for kept in reversed(claimed[5:]):
            assert (await keys.claim(device, kept, BODY, LATER)).timestamp == T
        assert (await keys.claim(device, claimed[4], BODY, LATER)).timestamp == LATER
        assert (await keys.claim(device + 1, neighbour, BODY, LATER)).timestamp == T

    async def test_completing_a_lost_claim_makes_none(self, keys: IdempotencyKeys, device: int) -> None:
        key = new_key()
        await keys.complete(device, key)
        await keys.release(device, key)
        assert (await keys.claim(device, key, BODY, T)).state is ClaimState.GRANTED
