"""Idempotency keys in the memory of one process."""

from dataclasses import dataclass
from itertools import takewhile

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.times import Millis
from iotflow.repositories.idempotency import KEY_LIFETIME_MS, LEASE_MS, MAX_KEYS_PER_DEVICE, Claim, ClaimState

MAX_BYTES = 16 * 2**20
"""Some 40,000 keys. Those of the device whose last claim is oldest make room for others."""
DEVICE_BYTES = 1_000
"""A device without its keys: its dictionary, and its slots in the cache's tables."""
KEY_BYTES = 400
"""A key: both digests, the times, their object, its slot in the dictionary."""


@dataclass(slots=True)
class _Entry:
    """A claim. `leased_until` None: it is completed."""

    fingerprint: bytes
    timestamp: Millis
    claimed_at: Millis
    leased_until: Millis | None


class MemoryIdempotencyKeys:
    """In-memory implementation of `IdempotencyKeys`: per device a dictionary of keys, the oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._devices = TTLCache[int, dict[bytes, _Entry]](
            MAX_BYTES, KEY_LIFETIME_MS, timer=clock.elapsed, getsizeof=_size
        )

    async def claim(self, device_id: int, key: bytes, fingerprint: bytes, timestamp: Millis) -> Claim:
        now = self._clock.elapsed()
        entries = self._devices.get(device_id, {})
        _drop_expired(entries, now)
        entry = entries.get(key)
        if entry is None:
            if len(entries) >= MAX_KEYS_PER_DEVICE:
                del entries[next(iter(entries))]
            entries[key] = _Entry(fingerprint, timestamp, now, Millis(now + LEASE_MS))
            self._devices[device_id] = entries  # stored again: the cache must measure its new size
            return Claim(fingerprint, timestamp, ClaimState.GRANTED)
        state = ClaimState.PENDING
        if entry.leased_until is None:
            state = ClaimState.COMPLETED
        elif entry.leased_until <= now and entry.fingerprint == fingerprint:
            state, entry.leased_until = ClaimState.GRANTED, Millis(now + LEASE_MS)
        return Claim(entry.fingerprint, entry.timestamp, state)

    async def complete(self, device_id: int, key: bytes) -> None:
        self._set_lease(device_id, key, None)

    async def release(self, device_id: int, key: bytes) -> None:
        self._set_lease(device_id, key, self._clock.elapsed())

    def _set_lease(self, device_id: int, key: bytes, until: Millis | None) -> None:
        entry = self._devices.get(device_id, {}).get(key)
        if entry is not None:
            entry.leased_until = until


def _drop_expired(entries: dict[bytes, _Entry], now: Millis) -> None:
    for key in list(takewhile(lambda key: entries[key].claimed_at <= now - KEY_LIFETIME_MS, entries)):
        del entries[key]


def _size(entries: dict[bytes, _Entry]) -> int:
    return DEVICE_BYTES + KEY_BYTES * len(entries)
