"""Principals in the memory of one process."""

from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.principals import Principal
from iotflow.domain.times import Millis
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.stores.memory.versions import Versions

SIZE = 20_000


class MemoryPrincipalCache:
    """Plays `PrincipalCache`: the `SIZE` credentials used last, each for `lifetime_s`."""

    def __init__(self, clock: Clock, lifetime_s: int) -> None:
        self._clock = clock
        self._lifetime_ms = lifetime_s * 1_000
        self._entries: OrderedDict[bytes, tuple[Principal, Millis]] = OrderedDict()
        self._versions = Versions(SIZE)

    async def get(self, digest: bytes) -> Principal | PrincipalMiss:
        entry = self._entries.get(digest)
        if entry is not None:
            principal, until = entry
            if self._clock.now() < until:
                self._entries.move_to_end(digest)
                return principal
            del self._entries[digest]
        return PrincipalMiss(self._versions.current(digest))

    async def fill(self, digest: bytes, principal: Principal, miss: PrincipalMiss) -> None:
        self.keep(digest, principal, miss, Millis(self._clock.now() + self._lifetime_ms))

    def keep(self, digest: bytes, principal: Principal, miss: PrincipalMiss, until: Millis) -> None:
        """Fill, at most until then."""
        if self._versions.current(digest) != miss.version:
            return
        until = min(until, Millis(self._clock.now() + self._lifetime_ms))
        if principal.expires_at is not None:
            until = min(until, principal.expires_at)
        self._entries[digest] = (principal, until)
        if len(self._entries) > SIZE:
            self._entries.popitem(last=False)

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
