"""Whom credentials prove, in the process and in Redis."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.principals import DevicePrincipal, Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.stores.memory.principal_cache import MemoryPrincipalCache
from iotflow.stores.redis.connection import Command
from iotflow.stores.redis.entries import Entries
from iotflow.stores.redis.pipeline import Pipeline

NEAR_LIFETIME_S = 5
"""How long a process believes what it knows itself: the bound while no invalidation reaches it."""
DIGESTS_PER_CALL = 500
ACCOUNT = "account:"
"""Begins a message on the channel that names an account in the place of digests."""
UNHEARD_MS = 5_000
"""More than the time within which a process receives a message, or notices that it cannot."""

_LEASE_BITS = 64
"""A miss carries the version of the entry in the process and, in these lower bits, the lease in Redis; 0 is none."""


class _Entry(msgspec.Struct, array_like=True):
    """A principal as it lies in Redis, and until when it is believed."""

    until: Millis
    user: UserPrincipal | None
    device: DevicePrincipal | None


_decode = msgspec.json.Decoder(_Entry).decode
_encode = msgspec.json.Encoder().encode


class RedisPrincipalCache:
    """Plays `PrincipalCache` on two levels: the process for seconds, then Redis; each entry for `lifetime_s` in all.

    Without Redis it is the first level alone.
    """

    def __init__(self, pipeline: Pipeline, prefix: str, clock: Clock, lifetime_s: int) -> None:
        self.channel = f"{prefix}:invalidated"
        self._pipeline = pipeline
        self._entries = Entries(pipeline, prefix, "principal")
        self._near = MemoryPrincipalCache(clock, min(NEAR_LIFETIME_S, lifetime_s))
        self._clock = clock
        self._lifetime_ms = lifetime_s * 1_000
        self._bypassed: dict[UUID, Millis] = {}

    async def get(self, digest: bytes) -> Principal | PrincipalMiss:
        near = await self._near.get(digest)
        if not isinstance(near, PrincipalMiss):
            return near
        version = near.version << _LEASE_BITS
        try:
            found = await self._entries.get(digest.hex())
        except StoreUnavailable:
            return PrincipalMiss(version)
        if isinstance(found, int):
            return PrincipalMiss(version | found)
        entry = _decode(found[1])
        principal = entry.user or entry.device
        if principal is None or self._bypasses(principal.user_id):
            return PrincipalMiss(version)
        lifetime_ms = entry.until - self._clock.now()
        if not 0 < lifetime_ms <= 2 * self._lifetime_ms:
            # A clock was set: `until` is far ahead of this process's, or Redis's keeps the key past its end.
            await self._drop(digest)
            return PrincipalMiss(version)
        self._near.keep(digest, principal, near, lifetime_ms)
        return principal

    async def fill(self, digest: bytes, principal: Principal, miss: PrincipalMiss) -> None:
        near, lease = PrincipalMiss(miss.version >> _LEASE_BITS), miss.version & (1 << _LEASE_BITS) - 1
        now = self._clock.now()
        until = Millis(now + self._lifetime_ms)
        if principal.expires_at is not None:
            until = min(until, principal.expires_at)
        if until <= now:
            return
        if self._bypasses(principal.user_id):
            lease = 0
        try:
            if lease and not await self._entries.fill(digest.hex(), lease, _fields(principal, until), until - now):
                return
        except StoreUnavailable:
            pass
        self._near.keep(digest, principal, near, until - now)

    async def invalidate(self, digests: Collection[bytes]) -> None:
        await self._near.invalidate(digests)
        ordered = list(digests)
        for start in range(0, len(ordered), DIGESTS_PER_CALL):
            await self._invalidate(ordered[start : start + DIGESTS_PER_CALL])

    async def invalidate_account(self, user_id: UUID) -> None:
        await self._forget_account(user_id)
        await self._pipeline.run(lambda _: [("PUBLISH", self.channel, f"{ACCOUNT}{user_id}")], generational=True)

    async def heard(self, message: bytes) -> None:
        """Forget what another process has invalidated, as it says on the channel."""
        text = message.decode()
        if text.startswith(ACCOUNT):
            await self._forget_account(UUID(text.removeprefix(ACCOUNT)))
        else:
            await self._near.invalidate([bytes.fromhex(digest) for digest in text.split()])

    def forget_all(self) -> None:
        """Forget what this process knows itself: something may not have been heard."""
        self._near.clear()

    async def _drop(self, digest: bytes) -> None:
        try:
            await self._entries.drop(digest.hex())
        except StoreUnavailable:
            return

    async def _forget_account(self, user_id: UUID) -> None:
        """Drop the account's entries here, and bypass those in Redis until the last of them has expired.

        Entries in Redis cannot be found by account. Every process does this, or begins a new generation because it may
        have missed the message; what one fills before it receives the message expires within `UNHEARD_MS` more.
        """
        now = self._clock.elapsed()
        self._bypassed = {one: until for one, until in self._bypassed.items() if until > now}
        self._bypassed[user_id] = Millis(now + self._lifetime_ms + UNHEARD_MS)
        await self._near.invalidate_account(user_id)

    def _bypasses(self, user_id: UUID) -> bool:
        return self._bypassed.get(user_id, 0) > self._clock.elapsed()

    async def _invalidate(self, digests: Sequence[bytes]) -> None:
        def commands(generation: str) -> list[Command]:
            dropped: list[Command] = [("DEL", *self._entries.names(one.hex(), generation)) for one in digests]
            # The message is last: whoever looks again after it finds no entry.
            return [*dropped, ("PUBLISH", self.channel, " ".join(one.hex() for one in digests))]

        await self._pipeline.run(commands, generational=True)


def _fields(principal: Principal, until: Millis) -> list[bytes]:
    if isinstance(principal, UserPrincipal):
        return [b"", _encode(_Entry(until, principal, None))]
    return [b"", _encode(_Entry(until, None, principal))]
