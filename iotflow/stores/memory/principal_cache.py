"""Principals in the memory of one process."""

import sys
from collections.abc import Collection
from uuid import UUID

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.principals import DevicePrincipal, Principal
from iotflow.domain.times import Millis
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.stores.memory.versions import Versions

LIMIT_BYTES = 16 * 2**20
"""Some 14,000 devices with names of ordinary length."""
VERSIONS = 20_000
PRINCIPAL_BYTES = 1_000
"""A principal without its texts: its fields, its digest, and its places in the cache's tables."""


class MemoryPrincipalCache:
    """Plays `PrincipalCache`: the credentials used last, up to `LIMIT_BYTES`, each for `lifetime_s`."""

    def __init__(self, clock: Clock, lifetime_s: int) -> None:
        self._clock = clock
        self._lifetime_ms = lifetime_s * 1_000
        self._entries = TTLCache[bytes, tuple[Principal, Millis]](
            LIMIT_BYTES, self._lifetime_ms, timer=clock.elapsed, getsizeof=_size
        )
        self._versions = Versions(VERSIONS)

    async def get(self, digest: bytes) -> Principal | PrincipalMiss:
        entry = self._entries.get(digest)
        if entry is not None:
            principal, until = entry
            if self._clock.elapsed() < until and not self._has_expired(principal):
                return principal
            del self._entries[digest]
        return PrincipalMiss(self._versions.current(digest))

    async def fill(self, digest: bytes, principal: Principal, miss: PrincipalMiss) -> None:
        self.keep(digest, principal, miss, self._lifetime_ms)

    def keep(self, digest: bytes, principal: Principal, miss: PrincipalMiss, lifetime_ms: int) -> None:
        """Fill, for at most this long."""
        if self._versions.current(digest) == miss.version:
            self._entries[digest] = principal, Millis(self._clock.elapsed() + lifetime_ms)

    async def invalidate(self, digests: Collection[bytes]) -> None:
        for digest in digests:
            self._entries.pop(digest, None)
            self._versions.bump(digest)

    async def invalidate_account(self, user_id: UUID) -> None:
        for digest in [digest for digest, (principal, _) in self._entries.items() if principal.user_id == user_id]:
            del self._entries[digest]
        # Whose credentials are being read is not known: no read that is under way fills an entry.
        self._versions.bump_all()

    def clear(self) -> None:
        """Forget all credentials, and let no read that began before now fill them."""
        self._entries.clear()
        self._versions.bump_all()

    def _has_expired(self, principal: Principal) -> bool:
        return principal.expires_at is not None and principal.expires_at <= self._clock.now()


def _size(entry: tuple[Principal, Millis]) -> int:
    principal, _ = entry
    if isinstance(principal, DevicePrincipal):
        return PRINCIPAL_BYTES + sys.getsizeof(principal.name) + sys.getsizeof(principal.device_type)
    return PRINCIPAL_BYTES + sys.getsizeof(principal.username)
