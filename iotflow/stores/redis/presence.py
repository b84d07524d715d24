"""Presence of devices in Redis."""

import asyncio
from collections.abc import Collection, Mapping
from itertools import islice

from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.times import Millis
from iotflow.repositories.cache import PresenceView
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import Command, Reply, UnexpectedReply, require_bytes, require_list
from iotflow.stores.redis.scripts import MARK_FLUSHED

PRESENCE_LIFETIME_S = 7 * 86_400
"""For the case that no process flushes."""
SEND_INTERVAL_S = 0.1
"""Time for which other processes may lack a touch. A killed process loses the touches of this time."""
DEVICES_PER_CALL = 2_000


class RedisPresence:
    """Redis implementation of `PresenceRepository`: one sorted set of devices by the time they were last seen.

    A time is removed once it is stored in SQL, so a process that ends in between loses none. A touch waits for nothing:
    the latest time of each device is sent with those of others every `SEND_INTERVAL_S`, and stays in the process until
    Redis has it.
    """

    def __init__(self, batcher: CommandBatcher, prefix: str) -> None:
        self._batcher = batcher
        self._key = f"{prefix}:presence"
        self._mark = f"{prefix}:presence-complete-since"
        self._unsent: dict[int, Millis] = {}
        self._sender: asyncio.Task[None] | None = None

    async def touch(self, device_id: int, at: Millis) -> None:
        self._unsent[device_id] = max(at, self._unsent.get(device_id, at))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_until_empty(), name="presence")

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        known = {device_id: self._unsent[device_id] for device_id in device_ids if device_id in self._unsent}
        if not device_ids:
            return known
        try:
            (reply,) = await self._run(("ZMSCORE", self._key, *device_ids))
            pairs = zip(device_ids, require_list(reply), strict=True)
            return _merge(known, {device_id: score for device_id, score in pairs if score})
        except StoreUnavailable:
            return known

    async def view(self, device_ids: Collection[int], now: Millis) -> PresenceView:
        known = {device_id: self._unsent[device_id] for device_id in device_ids if device_id in self._unsent}
        # In this order: of data that Redis loses in between, the mark is new.
        scores: list[Command] = [("ZMSCORE", self._key, *device_ids)] if device_ids else []
        commands: list[Command] = [*scores, *self._marking(now)]
        replies = await self._batcher.run(lambda _: commands)
        pairs = zip(device_ids, require_list(replies[0]), strict=True) if device_ids else ()
        seen = _merge(known, {device_id: score for device_id, score in pairs if score})
        return PresenceView(Millis(int(require_bytes(replies[-1]))), seen)

    def _marking(self, now: Millis) -> list[Command]:
        return [
            ("SET", self._mark, now, "NX"),
            ("EXPIRE", self._mark, PRESENCE_LIFETIME_S),
            ("GET", self._mark),
        ]

    async def pending(self) -> Mapping[int, Millis]:
        known = dict(self._unsent)
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
        self._drop_unsent(seen)
        items = list(seen.items())
        for start in range(0, len(items), DEVICES_PER_CALL):
            arguments = [part for item in items[start : start + DEVICES_PER_CALL] for part in item]
            command = self._batcher.scripts.command(MARK_FLUSHED, (self._key,), *arguments)
            try:
                await self._run(command)
            except StoreUnavailable:
                return  # the next flush repeats it; it is idempotent

    async def remove(self, device_ids: Collection[int]) -> None:
        for device_id in device_ids:
            self._unsent.pop(device_id, None)
        try:
            await self._run(("ZREM", self._key, *device_ids))
        except StoreUnavailable:
            return  # the next flush removes it: SQL has no such device

    async def close(self) -> None:
        """Stop sending. Flush the pending times before."""
        if self._sender is not None:
            await cancel_and_wait(self._sender)

    async def _run(self, command: Command) -> list[Reply]:
        return await self._batcher.run(lambda _: [command])

    async def _send_until_empty(self) -> None:
        try:
            while self._unsent:
                await asyncio.sleep(SEND_INTERVAL_S)
                await self._send()
        finally:
            self._sender = None

    async def _send(self) -> None:
        """Send some of the times that Redis lacks. Without Redis they wait for the next attempt."""
        sent: dict[int, Millis] = {}

        def commands(_: str) -> list[Command]:
            sent.update(islice(self._unsent.items(), DEVICES_PER_CALL))
            if not sent:
                return []
            scores = [part for device_id, at in sent.items() for part in (at, device_id)]
            return [("ZADD", self._key, "GT", *scores), ("EXPIRE", self._key, PRESENCE_LIFETIME_S)]

        try:
            await self._batcher.run(commands)
        except StoreUnavailable:
            return
        self._drop_unsent(sent)

    def _drop_unsent(self, seen: Mapping[int, Millis]) -> None:
        for device_id, at in seen.items():
            if self._unsent.get(device_id) == at:
                del self._unsent[device_id]


def _merge(known: Mapping[int, Millis], scores: Mapping[Reply, Reply]) -> dict[int, Millis]:
    """Return the later of both times for each device."""
    merged = dict(known)
    for member, score in scores.items():
        if not isinstance(member, (bytes, int)):
            raise UnexpectedReply(member)
        device_id, at = int(member), Millis(int(require_bytes(score)))
        merged[device_id] = max(at, merged.get(device_id, at))
    return merged
