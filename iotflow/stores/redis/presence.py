"""Presence in Redis."""

import asyncio
from collections.abc import Collection, Mapping

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.stores.memory.presence import MemoryPresence
from iotflow.stores.redis.connection import Command, Reply
from iotflow.stores.redis.pipeline import Pipeline
from iotflow.stores.redis.scripts import FLUSHED

KEPT_S = 7 * 86_400
"""Should no process flush any more."""
DEVICES_PER_CALL = 2_000


class RedisPresence:
    """Plays `PresenceRepository`: one sorted set of devices by the time they were last seen.

    A time leaves it when it is said to be stored in SQL, so a process that ends in between loses none. All that is seen
    while a call is under way goes out in the next one. Without Redis the process remembers itself, until a flush.
    """

    def __init__(self, pipeline: Pipeline, prefix: str) -> None:
        self._pipeline = pipeline
        self._key = f"{prefix}:presence"
        self._here = MemoryPresence()
        self._noted: dict[int, Millis] = {}
        self._noting: asyncio.Task[None] | None = None

    async def seen(self, device_id: int, at: Millis) -> None:
        self._noted[device_id] = max(at, self._noted.get(device_id, at))
        if self._noting is None:
            self._noting = asyncio.create_task(self._note(), name="presence")
        await asyncio.shield(self._noting)

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        known = await self._here.last_seen(device_ids)
        if not device_ids:
            return known
        try:
            (scores,) = await self._run(("ZMSCORE", self._key, *device_ids))
        except StoreUnavailable:
            return known
        assert isinstance(scores, list)
        return _merged(known, {device_id: score for device_id, score in zip(device_ids, scores, strict=True) if score})

    async def unflushed(self) -> Mapping[int, Millis]:
        known = dict(await self._here.unflushed())
        start = 0
        while True:
            page = ("ZRANGE", self._key, start, start + DEVICES_PER_CALL - 1, "WITHSCORES")
            try:
                (reply,) = await self._run(page)
            except StoreUnavailable:
                return known
            assert isinstance(reply, list)
            known = _merged(known, dict(zip(reply[::2], reply[1::2], strict=True)))
            start += DEVICES_PER_CALL
            if len(reply) < 2 * DEVICES_PER_CALL:
                return known

    async def flushed(self, seen: Mapping[int, Millis]) -> None:
        await self._here.flushed(seen)
        items = list(seen.items())
        for start in range(0, len(items), DEVICES_PER_CALL):
            arguments = [part for item in items[start : start + DEVICES_PER_CALL] for part in item]
            command = self._pipeline.scripts.call(FLUSHED, (self._key,), *arguments)
            try:
                await self._run(command)
            except StoreUnavailable:
                return  # they are flushed again, which changes nothing

    async def forget(self, device_ids: Collection[int]) -> None:
        await self._here.forget(device_ids)
        try:
            await self._run(("ZREM", self._key, *device_ids))
        except StoreUnavailable:
            return  # a flush takes it out, and SQL has no such device

    async def _run(self, command: Command) -> list[Reply]:
        return await self._pipeline.run(lambda _: [command])

    async def _note(self) -> None:
        taken: dict[int, Millis] = {}

        def commands(_: str) -> list[Command]:
            self._noting = None
            taken.update(self._noted)
            self._noted.clear()
            scores = [part for device_id, at in taken.items() for part in (at, device_id)]
            return [("ZADD", self._key, "GT", *scores), ("EXPIRE", self._key, KEPT_S)]

        try:
            await self._pipeline.run(commands)
        except StoreUnavailable:
            if not taken:
                commands("")
            for device_id, at in taken.items():
                await self._here.seen(device_id, at)


def _merged(known: Mapping[int, Millis], scores: Mapping[Reply, Reply]) -> dict[int, Millis]:
    """The later of both times, device by device."""
    merged = dict(known)
    for member, score in scores.items():
        assert isinstance(member, (bytes, int))
        assert isinstance(score, bytes)
        device_id, at = int(member), Millis(int(score))
        merged[device_id] = max(at, merged.get(device_id, at))
    return merged
