"""A versioned cache on two levels: the process's memory, then Redis."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.repositories.cache import Miss
from iotflow.stores.codecs import EntryCodec
from iotflow.stores.memory.versioned_cache import MemoryVersionedCache
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.broker import RedisBroker
from iotflow.stores.redis.client import Command
from iotflow.stores.redis.leases import Lease, LeasedCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LOCAL_LIFETIME_S = 5
"""Lifetime of an entry in the process's own cache: the bound on staleness while no invalidation arrives."""
KEYS_PER_INVALIDATION = 500
ACCOUNT = "account:"
"""Prefix of a message that names an account instead of keys."""
MESSAGE_DELAY_MS = 5_000
"""More than the time within which a process receives a message, or detects that it cannot."""


@dataclass(frozen=True, slots=True)
class _LeasedMiss(Miss):
    """A miss on both levels; `lease` allows its holder to fill the entry in Redis."""

    lease: Lease


class RedisVersionedCache(Generic[K, V]):
    """Redis implementation of `VersionedCache`: entries live for `lifetime_s` on both levels together.

    Without Redis it is the process's own cache alone.
    """

    def __init__(
        self,
        batcher: CommandBatcher,
        broker: RedisBroker,
        key_prefix: str,
        kind: str,
        codec: EntryCodec[K, V],
        clock: Clock,
        lifetime_s: int,
        max_local_bytes: int,
    ) -> None:
        """`kind` names the entries' keys and the topic of their invalidations."""
        self.topic = f"{kind}:invalidated"
        self._batcher = batcher
        self._broker = broker
        self._codec = codec
        self._leased = LeasedCache(batcher, f"{key_prefix}:{kind}")
        self._local = MemoryVersionedCache(codec, clock, min(LOCAL_LIFETIME_S, lifetime_s), max_local_bytes)
        self._clock = clock
        self._lifetime_ms = lifetime_s * 1_000
        self._accounts_bypassed_until: dict[UUID, Millis] = {}

    async def get(self, key: K) -> V | Miss:
        local_or_miss = await self._local.get(key)
        if not isinstance(local_or_miss, Miss):
            return local_or_miss
        encoded_key = self._codec.encode_key(key)
        try:
            found = await self._leased.get_or_lease(encoded_key)
        except StoreUnavailable:
            return local_or_miss
        if isinstance(found, int):
            return _LeasedMiss(local_or_miss.version, found)
        value = self._codec.decode(found[b"value"])
        if self._is_bypassed(value):
            return local_or_miss
        lifetime_ms = int(found[b"until"]) - self._clock.now()
        if not 0 < lifetime_ms <= 2 * self._lifetime_ms:
            # A clock was set: `until` is far ahead of this process's clock, or Redis keeps the key past its end.
            await self._drop(encoded_key)
            return local_or_miss
        self._local.fill_for(key, value, local_or_miss, lifetime_ms)
        return value

    async def fill(self, key: K, value: V, miss: Miss) -> None:
        now = self._clock.now()
        until = Millis(now + self._lifetime_ms)
        expires_at = self._codec.expires_at(value)
        if expires_at is not None:
            until = min(until, expires_at)
        if until <= now:
            return
        if isinstance(miss, _LeasedMiss) and not self._is_bypassed(value):
            fields = {b"until": b"%d" % until, b"value": self._codec.encode(value)}
            try:
                if not await self._leased.fill(self._codec.encode_key(key), miss.lease, fields, until - now):
                    return
            except StoreUnavailable:
                pass
        self._local.fill_for(key, value, miss, until - now)

    async def invalidate(self, keys: Collection[K]) -> None:
        await self._local.invalidate(keys)
        ordered = [self._codec.encode_key(key) for key in keys]
        for start in range(0, len(ordered), KEYS_PER_INVALIDATION):
            await self._invalidate_chunk(ordered[start : start + KEYS_PER_INVALIDATION])

    async def invalidate_account(self, user_id: UUID) -> None:
        await self._drop_account(user_id)
        message = f"{ACCOUNT}{user_id}".encode()
        await self._batcher.run(lambda _: [self._broker.publish_command(self.topic, message)], under_generation=True)

    async def on_invalidation(self, message: bytes) -> None:
        """Drop the entries that a message of the topic names. Raises ValueError for a malformed one."""
        text = message.decode()
        if text.startswith(ACCOUNT):
            await self._drop_account(UUID(text.removeprefix(ACCOUNT)))
        else:
            await self._local.invalidate([self._codec.decode_key(key) for key in text.split()])

    def clear_local(self) -> None:
        """Drop the process's own entries: messages may have been lost."""
        self._local.clear()

    async def _drop(self, encoded_key: str) -> None:
        try:
            await self._leased.drop(encoded_key)
        except StoreUnavailable:
            return

    async def _drop_account(self, user_id: UUID) -> None:
        """Drop the account's own entries, and bypass those in Redis until the last of them has expired.

        Entries in Redis cannot be found by account. Every process does this, or begins a new generation because it may
        have missed the message; an entry that one fills before it receives the message expires within
        `MESSAGE_DELAY_MS` more.
        """
        now = self._clock.elapsed()
        self._accounts_bypassed_until = {
            one: until for one, until in self._accounts_bypassed_until.items() if until > now
        }
        self._accounts_bypassed_until[user_id] = Millis(now + self._lifetime_ms + MESSAGE_DELAY_MS)
        await self._local.invalidate_account(user_id)

    def _is_bypassed(self, value: V) -> bool:
        return self._accounts_bypassed_until.get(self._codec.user_id(value), 0) > self._clock.elapsed()

    async def _invalidate_chunk(self, encoded_keys: Sequence[str]) -> None:
        def commands(generation: str) -> list[Command]:
            dropped: list[Command] = [("DEL", *self._leased.redis_keys(one, generation)) for one in encoded_keys]
            # The message is last: a process that looks again after it finds no entry.
            return [*dropped, self._broker.publish_command(self.topic, " ".join(encoded_keys).encode())]

        await self._batcher.run(commands, under_generation=True)
