"""States of alert rules in Redis."""

from collections.abc import Collection

from cachetools import LRUCache

from iotflow.repositories.alerts import STATE_LIFETIME_MS
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import Command, require_bytes
from iotflow.stores.redis.scripts import COMPARE_AND_SET

MAX_LOCAL_BYTES = 16 * 2**20
"""Some 30,000 devices with a rule."""
ENTRY_BYTES = 500
"""An entry without its states: the key, the bytes object, and the slots in the cache's tables."""


class RedisRuleStates:
    """Redis implementation of `RuleStates`: a string per device. A new generation voids none.

    The process keeps the states that it stored last: while it alone receives the device's records, `get` needs no
    round trip. States that another process has replaced are refused by `replace`, which then takes over the stored
    ones.
    """

    def __init__(self, batcher: CommandBatcher, prefix: str) -> None:
        self._batcher = batcher
        self._prefix = f"{prefix}:rule-states"
        self._local = LRUCache[int, bytes](MAX_LOCAL_BYTES, getsizeof=_size)

    async def get(self, device_id: int) -> bytes:
        local = self._local.get(device_id)
        if local is not None:
            return local
        (stored,) = await self._batcher.run(lambda _: [("GET", self._key(device_id))])
        return b"" if stored is None else require_bytes(stored)

    async def replace(self, device_id: int, expected: bytes, states: bytes) -> bool:
        arguments = (expected, states, STATE_LIFETIME_MS)
        command = self._batcher.scripts.command(COMPARE_AND_SET, (self._key(device_id),), *arguments)
        # A call that fails may have replaced them.
        self._local.pop(device_id, None)
        (stored,) = await self._batcher.run(lambda _: [command])
        replaced = isinstance(stored, int)
        self._local[device_id] = states if replaced else require_bytes(stored)
        return replaced

    async def remove(self, device_ids: Collection[int]) -> None:
        for device_id in device_ids:
            self._local.pop(device_id, None)
        commands: list[Command] = [("DEL", self._key(device_id)) for device_id in device_ids]
        await self._batcher.run(lambda _: commands)

    def _key(self, device_id: int) -> str:
        return f"{self._prefix}:{{{device_id}}}"


def _size(states: bytes) -> int:
    return ENTRY_BYTES + len(states)
