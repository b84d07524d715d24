"""The cache of devices' latest values, in Redis."""

import itertools

import msgspec

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import LatestValue, LatestValues, Value
from iotflow.domain.times import Micros, Millis
from iotflow.repositories.cache import MAX_ENTRY_BYTES, Miss
from iotflow.stores.redis.batcher import CommandBatcher, CommandBuilder
from iotflow.stores.redis.client import Command
from iotflow.stores.redis.leases import Lease, LeasedCache
from iotflow.stores.redis.scripts import MERGE

LIFETIME_S = 10
"""From the fill on: the bound on staleness in other processes while this one alone cannot reach Redis."""
DELETION_MARK_S = 30
"""For this time after a deletion a merge drops the entry: its value may be one that was deleted."""
MAX_MERGE_DELAY_S = 10
"""A merge later than this after the receipt of its values drops the entry: its values may have been deleted since."""
MAX_AHEAD_US = 1_000_000
"""A receipt further ahead of the clock is from before the clock was set back, and of unknown age."""
FIELD_BYTES = 100
"""The memory of a field beside its name and its text."""

SIZE_FIELD = b""
"""The field with the entry's size in bytes; no name is empty."""

_decode_value = msgspec.json.Decoder(bool | int | float | str).decode
_encode_value = msgspec.json.Encoder().encode


class RedisLatestCache:
    """Redis implementation of `LatestCache`: a hash per device with a field per name, and one with its size in bytes.

    Without Redis, and for a second after an outage, each read is a miss and no fill is taken: another process may not
    have noticed the end of the outage, and store values without sending them to Redis.
    """

    def __init__(self, batcher: CommandBatcher, prefix: str, clock: Clock) -> None:
        self._batcher = batcher
        self._leased = LeasedCache(batcher, f"{prefix}:latest")
        self._key_prefix = f"{prefix}:latest"
        self._clock = clock
        self._unique_versions = itertools.count(-1, -1)

    async def get(self, device_id: int) -> LatestValues | Miss:
        try:
            for _ in range(2):
                found = await self._leased.get_or_lease(str(device_id))
                if not self._batcher.has_settled_after_outage:
                    break
                if isinstance(found, int):
                    return Miss(found)
                latest_values = {name.decode(): _unpack(packed) for name, packed in found.items() if name != SIZE_FIELD}
                now_us = self._clock.now() * 1_000
                if all(latest.expires_us is None or latest.expires_us > now_us for latest in latest_values.values()):
                    return latest_values
                # An older value in the store may take the place of the expired one.
                await self._leased.drop(str(device_id))
        except StoreUnavailable:
            pass
        # Changes since another reader's miss cannot be detected: each reader must read the store itself.
        return Miss(next(self._unique_versions))

    async def fill(self, device_id: int, latest_values: LatestValues, miss: Miss) -> None:
        lifetime_ms = LIFETIME_S * 1_000
        for latest in latest_values.values():
            if latest.expires_us is not None:
                lifetime_ms = min(lifetime_ms, latest.expires_us // 1_000 - self._clock.now())
        if miss.version < 0 or lifetime_ms <= 0 or not self._batcher.has_settled_after_outage:
            return
        fields = _pack(latest_values)
        size = sum(len(name) + len(packed) for name, packed in fields.items()) + FIELD_BYTES * len(latest_values)
        if size > MAX_ENTRY_BYTES:
            return
        try:
            await self._leased.fill(
                str(device_id), Lease(miss.version), {SIZE_FIELD: b"%d" % size, **fields}, lifetime_ms
            )
        except StoreUnavailable:
            return

    async def merge(self, device_id: int, latest_values: LatestValues) -> None:
        fields = _pack(latest_values)
        flat = [part for field in fields.items() for part in field]
        now_us = self._clock.now() * 1_000
        is_prompt = all(
            -MAX_AHEAD_US <= now_us - latest.received_us <= MAX_MERGE_DELAY_S * 1_000_000
            and (latest.expires_us is None or latest.expires_us - now_us > LIFETIME_S * 1_000_000)
            for latest in latest_values.values()
        )

        def commands(generation: str) -> list[Command]:
            entry, lease = self._leased.redis_keys(str(device_id), generation)
            if not is_prompt:
                return [("DEL", entry, lease)]
            keys = (entry, lease, self._deletion_mark_key(device_id))
            return [self._batcher.scripts.command(MERGE, keys, MAX_ENTRY_BYTES, FIELD_BYTES, *flat)]

        await self._send(commands)

    async def invalidate(self, device_id: int) -> None:
        def commands(generation: str) -> list[Command]:
            # The mark is first: a merge that finds no entry must find the mark.
            mark = ("SET", self._deletion_mark_key(device_id), 1, "PX", DELETION_MARK_S * 1_000)
            return [mark, ("DEL", *self._leased.redis_keys(str(device_id), generation))]

        await self._send(commands)

    def _deletion_mark_key(self, device_id: int) -> str:
        """Return the key of the deletion mark. It has no generation: a deleted value is deleted in the next one too."""
        return f"{self._key_prefix}:{{{device_id}}}:deleted"

    async def _send(self, commands: CommandBuilder) -> None:
        try:
            await self._batcher.run(commands, under_generation=True)
        except StoreUnavailable:
            # The batcher is stale now: it voids all entries before this process reads one again.
            return


def _pack(latest_values: LatestValues) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for name, latest in latest_values.items():
        expires = "" if latest.expires_us is None else latest.expires_us
        head = f"{latest.timestamp} {latest.received_us} {expires} ".encode()
        fields[name.encode()] = head + _encode_value(latest.value)
    return fields


def _unpack(packed: bytes) -> LatestValue:
    timestamp, received, expires, encoded = packed.split(b" ", 3)
    value: Value = _decode_value(encoded)
    ends = Micros(int(expires)) if expires else None
    return LatestValue(value, Millis(int(timestamp)), Micros(int(received)), ends)
