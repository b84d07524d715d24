"""Presence in the memory of one process."""

from collections.abc import Collection, Mapping

from iotflow.domain.times import Millis
from iotflow.repositories.cache import PresenceView


class MemoryPresence:
    """In-memory implementation of `PresenceRepository`: the times since the last flush, which bounds their number."""

    def __init__(self) -> None:
        self._seen: dict[int, Millis] = {}
        self._complete_since: Millis | None = None

    async def touch(self, device_id: int, at: Millis) -> None:
        self._seen[device_id] = max(at, self._seen.get(device_id, at))

    async def last_seen(self, device_ids: Collection[int]) -> dict[int, Millis]:
        return {known: self._seen[known] for known in device_ids if known in self._seen}

    async def view(self, device_ids: Collection[int], now: Millis) -> PresenceView:
        if self._complete_since is None:
            self._complete_since = now
        return PresenceView(self._complete_since, await self.last_seen(device_ids))

    async def pending(self) -> Mapping[int, Millis]:
        return dict(self._seen)

    async def mark_flushed(self, seen: Mapping[int, Millis]) -> None:
        for device_id, at in seen.items():
            if self._seen.get(device_id) == at:
                del self._seen[device_id]

    async def remove(self, device_ids: Collection[int]) -> None:
        for device_id in device_ids:
            self._seen.pop(device_id, None)
