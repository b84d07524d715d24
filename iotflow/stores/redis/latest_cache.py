"""Devices' newest values in Redis."""

import itertools

import msgspec

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import LatestValue, LatestValues, Value
from iotflow.domain.times import Micros, Millis
from iotflow.repositories.latest_cache import LARGEST_ENTRY_BYTES, LatestMiss
from iotflow.stores.redis.connection import Command
from iotflow.stores.redis.entries import Entries
from iotflow.stores.redis.pipeline import Build, Pipeline
from iotflow.stores.redis.scripts import ADVANCE

LIFETIME_S = 10
"""From the fill on. It bounds what others believe while this process alone cannot reach Redis."""
DELETED_S = 30
"""How long after a deletion an advance drops the entry instead of joining it: the value may be a deleted one."""
PROMPT_S = 10
"""An advance that comes later after the receipt drops the entry: nobody knows any more what was deleted meanwhile."""
AHEAD_US = 1_000_000
"""A receipt further ahead of the clock was given before the clock was set back: its age is not known."""
FIELD_BYTES = 100
"""What a field takes beside its name and its text."""

_decode_value = msgspec.json.Decoder(bool | int | float | str).decode
_encode_value = msgspec.json.Encoder().encode


class RedisLatestCache:
    """Plays `LatestCache`: a hash a device, a field a name, and an empty name with the size in bytes.

    Without Redis, and for a second after an outage, each read is a miss and no fill is taken: another process may not
    have noticed yet that it is over, and store values that it does not tell of.
    """

    def __init__(self, pipeline: Pipeline, prefix: str, clock: Clock) -> None:
        self._pipeline = pipeline
        self._entries = Entries(pipeline, prefix, "latest")
        self._stem = f"{prefix}:latest"
        self._clock = clock
        self._unshared = itertools.count(-1, -1)

    async def get(self, device_id: int) -> LatestValues | LatestMiss:
        try:
            for _ in range(2):
                found = await self._entries.get(str(device_id))
                if not self._pipeline.is_settled:
                    break
                if isinstance(found, int):
                    return LatestMiss(found)
                values = {
                    name.decode(): _unpacked(packed)
                    for name, packed in zip(found[::2], found[1::2], strict=True)
                    if name
                }
                now_us = self._clock.now() * 1_000
                if all(latest.expires is None or latest.expires > now_us for latest in values.values()):
                    return values
                # An older value that is still kept may take the place of the expired one: only the store knows.
                await self._entries.drop(str(device_id))
        except StoreUnavailable:
            pass
        # Nobody knows what has changed since another reader's miss: each reads the store itself.
        return LatestMiss(next(self._unshared))

    async def fill(self, device_id: int, values: LatestValues, miss: LatestMiss) -> None:
        lifetime_ms = LIFETIME_S * 1_000
        for latest in values.values():
            if latest.expires is not None:
                lifetime_ms = min(lifetime_ms, latest.expires // 1_000 - self._clock.now())
        if miss.version < 0 or lifetime_ms <= 0 or not self._pipeline.is_settled:
            return
        fields = _packed(values)
        size = sum(map(len, fields)) + FIELD_BYTES * len(values)
        if size > LARGEST_ENTRY_BYTES:
            return
        try:
            await self._entries.fill(str(device_id), miss.version, [b"", b"%d" % size, *fields], lifetime_ms)
        except StoreUnavailable:
            return

    async def advance(self, device_id: int, values: LatestValues) -> None:
        fields = _packed(values)
        now_us = self._clock.now() * 1_000
        prompt = all(
            -AHEAD_US <= now_us - latest.received <= PROMPT_S * 1_000_000
            and (latest.expires is None or latest.expires - now_us > LIFETIME_S * 1_000_000)
            for latest in values.values()
        )

        def commands(generation: str) -> list[Command]:
            entry, lease = self._entries.names(str(device_id), generation)
            if not prompt:
                return [("DEL", entry, lease)]
            keys = (entry, lease, self._deleted(device_id))
            return [self._pipeline.scripts.call(ADVANCE, keys, LARGEST_ENTRY_BYTES, FIELD_BYTES, *fields)]

        await self._tell(commands)

    async def invalidate(self, device_id: int) -> None:
        def commands(generation: str) -> list[Command]:
            # The mark is first: whoever finds no entry to join any more finds the mark.
            mark = ("SET", self._deleted(device_id), 1, "PX", DELETED_S * 1_000)
            return [mark, ("DEL", *self._entries.names(str(device_id), generation))]

        await self._tell(commands)

    def _deleted(self, device_id: int) -> str:
        """Not of a generation: a value that was deleted is so in the next one too."""
        return f"{self._stem}:{{{device_id}}}:deleted"

    async def _tell(self, commands: Build) -> None:
        try:
            await self._pipeline.run(commands, generational=True)
        except StoreUnavailable:
            # The pipeline has a doubt now, and voids all entries before this process reads one again.
            return


def _packed(values: LatestValues) -> list[bytes]:
    fields: list[bytes] = []
    for name, latest in values.items():
        expires = "" if latest.expires is None else latest.expires
        fields.append(name.encode())
        fields.append(f"{latest.timestamp} {latest.received} {expires} ".encode() + _encode_value(latest.value))
    return fields


def _unpacked(packed: bytes) -> LatestValue:
    timestamp, received, expires, encoded = packed.split(b" ", 3)
    value: Value = _decode_value(encoded)
    ends = Micros(int(expires)) if expires else None
    return LatestValue(value, Millis(int(timestamp)), Micros(int(received)), ends)
