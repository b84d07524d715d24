"""Submissions that a client repeats, because it lost the answer, are stored once."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable

from iotflow.concurrency.tasks import run_to_completion
from iotflow.domain.errors import InvalidInput, Overloaded, StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.repositories.idempotency import LEASE_MS, Claim, ClaimState, IdempotencyKeys

DIGEST_BYTES = 16
POLL_INTERVAL_S = 0.05
MAX_POLLS = round(1.1 * LEASE_MS / 1_000 / POLL_INTERVAL_S)
"""More than a lease takes, so that the repetition of a submission that crashed waits until it can claim the key."""

logger = logging.getLogger(__name__)


def digest(text: bytes) -> bytes:
    """Return the digest of an idempotency key, or of a body."""
    return hashlib.sha256(text).digest()[:DIGEST_BYTES]


class Idempotency:
    """Idempotent submissions by the keys of their clients. Without the cache every submission is stored."""

    def __init__(self, keys: IdempotencyKeys) -> None:
        self._keys = keys
        self._is_available = True

    async def store_once(
        self,
        device_id: int,
        idempotency_key: str,
        fingerprint: bytes,
        timestamp: Millis,
        store: Callable[[Millis], Awaitable[None]],
    ) -> Millis:
        """Store a record under a key, unless its first submission has completed. Return the record's time.

        That is the `timestamp` of the first submission: if that one failed midway, storing again replaces what it
        stored. A concurrent call with the same key waits for the first one.

        Raises:
            InvalidInput: the key was used with another fingerprint.
            Overloaded: the first submission takes longer than a lease.
            Exception: what `store` raises.

        """
        key = digest(idempotency_key.encode())
        try:
            claim = await self._claim(device_id, key, fingerprint, timestamp)
        except StoreUnavailable as error:
            self._report(error)
            await store(timestamp)
            return timestamp
        self._report(None)
        if claim.fingerprint != fingerprint:
            message = "the key was sent with another body before; send a new key with each new record"
            raise InvalidInput.at("header", "Idempotency-Key", message=message)
        if claim.state is ClaimState.PENDING:
            raise Overloaded("Idempotency-Key: the first submission with this key is still being stored; send it again")
        if claim.state is ClaimState.GRANTED:
            await run_to_completion(self._store_and_complete(device_id, key, claim.timestamp, store))
        return claim.timestamp

    async def _claim(self, device_id: int, key: bytes, fingerprint: bytes, timestamp: Millis) -> Claim:
        """Claim a key; while another caller holds the claim, wait until that one completes it or loses the lease."""
        claim = await self._keys.claim(device_id, key, fingerprint, timestamp)
        for _ in range(MAX_POLLS):
            if claim.state is not ClaimState.PENDING or claim.fingerprint != fingerprint:
                break
            await asyncio.sleep(POLL_INTERVAL_S)
            claim = await self._keys.claim(device_id, key, fingerprint, timestamp)
        return claim

    async def _store_and_complete(
        self, device_id: int, key: bytes, timestamp: Millis, store: Callable[[Millis], Awaitable[None]]
    ) -> None:
        settle = self._keys.release
        try:
            await store(timestamp)
            settle = self._keys.complete
        finally:
            try:
                await settle(device_id, key)
            except StoreUnavailable as error:
                self._report(error)

    def _report(self, error: StoreUnavailable | None) -> None:
        """Log when the cache becomes unavailable, and when it is available again."""
        if self._is_available and error is not None:
            logger.warning("idempotency keys: %s; repeated submissions are stored again until the cache replies", error)
        elif not self._is_available and error is None:
            logger.info("idempotency keys: the cache is available again")
        self._is_available = error is None
