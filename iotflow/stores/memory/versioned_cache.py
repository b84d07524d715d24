"""A versioned cache in the memory of one process."""

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar
from uuid import UUID

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.domain.times import Millis
from iotflow.metrics import definitions
from iotflow.repositories.cache import Miss
from iotflow.stores.codecs import EntryCodec
from iotflow.stores.memory.versions import Versions

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_VERSIONS = 20_000
ENTRY_BYTES = 1_000
"""An entry without its texts: the value's fields, the key, and the slots in the cache's tables."""


class MemoryVersionedCache(Generic[K, V]):
    """In-memory implementation of `VersionedCache`: an LRU cache of at most `max_bytes`, entries expire by time."""

    def __init__(self, codec: EntryCodec[K, V], clock: Clock, lifetime_s: int, max_bytes: int) -> None:
        self._codec = codec
        self._clock = clock
        self._lifetime_ms = lifetime_s * 1_000
        self._entries = TTLCache[K, tuple[V, Millis]](
            max_bytes, self._lifetime_ms, timer=clock.elapsed, getsizeof=self._size
        )
        self._versions = Versions(MAX_VERSIONS)
        definitions.CACHE_ENTRIES.add_source(self, lambda cache: {(cache._codec.cache,): len(cache._entries)})
        definitions.CACHE_BYTES.add_source(self, lambda cache: {(cache._codec.cache,): cache._entries.currsize})

    async def get(self, key: K) -> V | Miss:
        entry = self._entries.get(key)
        if entry is not None:
            value, until = entry
            if self._clock.elapsed() < until and not self._has_expired(value):
                definitions.CACHE_LOOKUPS.add(1, self._codec.cache, "hit")
                return value
            del self._entries[key]
        definitions.CACHE_LOOKUPS.add(1, self._codec.cache, "miss")
        return Miss(self._versions.current(key))

    async def fill(self, key: K, value: V, miss: Miss) -> None:
        self.fill_for(key, value, miss, self._lifetime_ms)

    def fill_for(self, key: K, value: V, miss: Miss, lifetime_ms: int) -> None:
        """Fill as `fill` does, for at most `lifetime_ms`."""
        if self._versions.current(key) == miss.version:
            self._entries[key] = value, Millis(self._clock.elapsed() + lifetime_ms)

    async def invalidate(self, keys: Collection[K]) -> None:
        for key in keys:
            self._entries.pop(key, None)
            self._versions.bump(key)

    async def invalidate_account(self, user_id: UUID) -> None:
        for key in [key for key, (value, _) in self._entries.items() if self._codec.user_id(value) == user_id]:
            del self._entries[key]
        # The accounts of reads under way are not known here, so no such read may fill an entry.
        self._versions.bump_all()

    def clear(self) -> None:
        """Drop all entries, and refuse the fills of reads that have begun."""
        self._entries.clear()
        self._versions.bump_all()

    def _has_expired(self, value: V) -> bool:
        expires_at = self._codec.expires_at(value)
        return expires_at is not None and expires_at <= self._clock.now()

    def _size(self, entry: tuple[V, Millis]) -> int:
        return ENTRY_BYTES + self._codec.text_bytes(entry[0])
