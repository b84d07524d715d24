"""Presence in the memory of one process."""

from collections.abc import Collection, Mapping

from iotflow.domain.times import Millis


class MemoryPresence:
    """Plays `PresenceRepository`. It holds what was seen since the last flush, which bounds it."""

    def __init__(self) -> None:
        self._seen: dict[int, Millis] = {}

    async def seen(self, device_id: int, at: Millis) -> None:
        self._seen[device_id] = max(at, self._seen.get(device_id, at))

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        return {known: self._seen[known] for known in device_ids if known in self._seen}

    async def unflushed(self) -> Mapping[int, Millis]:
        return dict(self._seen)

    async def flushed(self, seen: Mapping[int, Millis]) -> None:
        for device_id, at in seen.items():
            if self._seen.get(device_id) == at:
                del self._seen[device_id]

    async def forget(self, device_ids: Collection[int]) -> None:
        for device_id in device_ids:
            self._seen.pop(device_id, None)
