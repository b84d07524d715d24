"""Presence of devices in Redis."""

import asyncio
from collections.abc import Collection, Mapping

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import Command, Reply, UnexpectedReply, require_bytes, require_list
from iotflow.stores.redis.scripts import MARK_FLUSHED

PRESENCE_LIFETIME_S = 7 * 86_400
"""For the case that no process flushes."""
DEVICES_PER_CALL = 2_000


class RedisPresence:
    """Redis implementation of `PresenceRepository`: one sorted set of devices by the time they were last seen.

    A time is removed once it is stored in SQL, so a process that ends in between loses none. All touches during a call
    are sent in the next one. Without Redis the times stay in the process until a flush.
    """

    def __init__(self, batcher: CommandBatcher, prefix: str) -> None:
        self._batcher = batcher
        self._key = f"{prefix}:presence"
        self._local = MemoryPresence()
        self._touched: dict[int, Millis] = {}
        self._sending: asyncio.Task[None] | None = None

    async def touch(self, device_id: int, at: Millis) -> None:
        self._touched[device_id] = max(at, self._touched.get(device_id, at))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_touched(), name="presence")
        await asyncio.shield(self._sending)

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        known = await self._local.last_seen(device_ids)
        if not device_ids:
            return known
        try:
            (reply,) = await self._run(("ZMSCORE", self._key, *device_ids))
            pairs = zip(device_ids, require_list(reply), strict=True)
            return _merge(known, {device_id: score for device_id, score in pairs if score})
        except StoreUnavailable:
            return known

    async def pending(self) -> Mapping[int, Millis]:
        known = dict(await self._local.pending())
        start = 0
        while True:
            page = ("ZRANGE", self._key, start, start + DEVICES_PER_CALL - 1, "WITHSCORES")
            try:
                (reply,) = await self._run(page)
                parts = require_list(reply)
                known = _merge(known, dict(zip(parts[::2], parts[1::2], strict=True)))
            except StoreUnavailable:
                return known
            start += DEVICES_PER_CALL
            if len(parts) < 2 * DEVICES_PER_CALL:
                return known

    async def mark_flushed(self, seen: Mapping[int, Millis]) -> None:
        await self._local.mark_flushed(seen)
        items = list(seen.items())
        for start in range(0, len(items), DEVICES_PER_CALL):
            arguments = [part for item in items[start : start + DEVICES_PER_CALL] for part in item]
            command = self._batcher.scripts.call(MARK_FLUSHED, (self._key,), *arguments)
            try:
                await self._run(command)
            except StoreUnavailable:
                return  # the next flush repeats it; it is idempotent

    async def remove(self, device_ids: Collection[int]) -> None:
        await self._local.remove(device_ids)
        try:
            await self._run(("ZREM", self._key, *device_ids))
        except StoreUnavailable:
            return  # the next flush removes it: SQL has no such device

    async def _run(self, command: Command) -> list[Reply]:
        return await self._batcher.run(lambda _: [command])

    async def _send_touched(self) -> None:
        taken: dict[int, Millis] = {}

        def commands(_: str) -> list[Command]:
            self._sending = None
            taken.update(self._touched)
            self._touched.clear()
            scores = [part for device_id, at in taken.items() for part in (at, device_id)]
            return [("ZADD", self._key, "GT", *scores), ("EXPIRE", self._key, PRESENCE_LIFETIME_S)]

        try:
            await self._batcher.run(commands)
        except StoreUnavailable:
            if not taken:
                commands("")
            for device_id, at in taken.items():
                await self._local.touch(device_id, at)


def _merge(known: Mapping[int, Millis], scores: Mapping[Reply, Reply]) -> dict[int, Millis]:
    """Return the later of both times for each device."""
    merged = dict(known)
    for member, score in scores.items():
        if not isinstance(member, (bytes, int)):
            raise UnexpectedReply(member)
        device_id, at = int(member), Millis(int(require_bytes(score)))
        merged[device_id] = max(at, merged.get(device_id, at))
    return merged
