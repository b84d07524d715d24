"""Idempotency keys in Redis."""

from iotflow.domain.times import Millis
from iotflow.repositories.idempotency import KEY_LIFETIME_MS, LEASE_MS, MAX_KEYS_PER_DEVICE, Claim, ClaimState
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import require_bytes, require_int, require_list
from iotflow.stores.redis.scripts import CLAIM, SET_LEASE

STATES = (ClaimState.GRANTED, ClaimState.PENDING, ClaimState.COMPLETED)
"""The states by their numbers in the script."""
COMPLETED = -1
RELEASED = 0


class RedisIdempotencyKeys:
    """Redis implementation of `IdempotencyKeys`: per device a hash of claims, and their keys in order of the claim.

    Leases and lifetimes are by Redis's clock. A new generation voids no key.
    """

    def __init__(self, batcher: CommandBatcher, prefix: str) -> None:
        self._batcher = batcher
        self._prefix = f"{prefix}:idempotency"

    async def claim(self, device_id: int, key: bytes, fingerprint: bytes, timestamp: Millis) -> Claim:
        arguments = (key.hex(), fingerprint.hex(), timestamp, LEASE_MS, KEY_LIFETIME_MS, MAX_KEYS_PER_DEVICE)
        claims = self._claims(device_id)
        command = self._batcher.scripts.command(CLAIM, (claims, f"{claims}:order"), *arguments)
        (reply,) = await self._batcher.run(lambda _: [command])
        state, reserved, first = require_list(reply)
        stored = bytes.fromhex(require_bytes(first).decode())
        return Claim(stored, Millis(int(require_bytes(reserved))), STATES[require_int(state)])

    async def complete(self, device_id: int, key: bytes) -> None:
        await self._set_lease(device_id, key, COMPLETED)

    async def release(self, device_id: int, key: bytes) -> None:
        await self._set_lease(device_id, key, RELEASED)

    async def _set_lease(self, device_id: int, key: bytes, until: int) -> None:
        command = self._batcher.scripts.command(SET_LEASE, (self._claims(device_id),), key.hex(), until)
        await self._batcher.run(lambda _: [command])

    def _claims(self, device_id: int) -> str:
        return f"{self._prefix}:{{{device_id}}}"
