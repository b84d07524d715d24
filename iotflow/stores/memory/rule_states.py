"""States of alert rules in the memory of one process."""

from collections.abc import Collection

from cachetools import TTLCache

from iotflow.clock import Clock
from iotflow.repositories.alerts import STATE_LIFETIME_MS

MAX_BYTES = 32 * 2**20
"""Some 60,000 devices with a rule. Those of the devices unused longest make room for others."""
ENTRY_BYTES = 500
"""An entry without its states: the key, the bytes object, and the slots in the cache's tables."""


class MemoryRuleStates:
    """In-memory implementation of `RuleStates`."""

    def __init__(self, clock: Clock) -> None:
        self._states = TTLCache[int, bytes](MAX_BYTES, STATE_LIFETIME_MS, timer=clock.elapsed, getsizeof=_size)

    async def get(self, device_id: int) -> bytes:
        return self._states.get(device_id, b"")

    async def replace(self, device_id: int, expected: bytes, states: bytes) -> bool:
        if self._states.get(device_id, b"") != expected:
            return False
        self._states[device_id] = states
        return True

    async def remove(self, device_ids: Collection[int]) -> None:
        for device_id in device_ids:
            self._states.pop(device_id, None)


def _size(states: bytes) -> int:
    return ENTRY_BYTES + len(states)
