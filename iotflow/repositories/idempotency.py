"""Interface of the idempotency keys of submissions."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from iotflow.domain.times import DAY_MS, Millis

KEY_LIFETIME_MS = DAY_MS
MAX_KEYS_PER_DEVICE = 2_000
"""One key a minute for a day. The oldest key makes room for another one."""
LEASE_MS = 5_000
"""Time after which a claim that was neither completed nor released is taken for one of a crashed process."""


class ClaimState(Enum):
    """The state of a claim as its caller sees it."""

    GRANTED = auto()
    """The caller holds the lease: it stores the record, then calls `complete` or `release`."""
    PENDING = auto()
    """Another caller holds the lease."""
    COMPLETED = auto()
    """The record is stored."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The first submission with a key: the digest of its body, and the time reserved for its record."""

    fingerprint: bytes
    timestamp: Millis
    state: ClaimState


class IdempotencyKeys(Protocol):
    """The idempotency keys of devices' submissions, as digests.

    A key is kept for `KEY_LIFETIME_MS` from its first claim, among the latest `MAX_KEYS_PER_DEVICE` of its device. A
    cache may lose keys earlier. All methods raise StoreUnavailable, and do not wait for an unavailable store.
    """

    async def claim(self, device_id: int, key: bytes, fingerprint: bytes, timestamp: Millis) -> Claim:
        """Return the first claim of a key; a new one, with these values, if there is none. Atomic.

        The caller holds the lease of a new claim, and of one with the same fingerprint that was released or whose lease
        is older than `LEASE_MS`.
        """
        ...

    async def complete(self, device_id: int, key: bytes) -> None:
        """Note that the record of a claim is stored."""
        ...

    async def release(self, device_id: int, key: bytes) -> None:
        """End the lease of a claim whose record may not be stored: the next claim of the key holds it at once."""
        ...
