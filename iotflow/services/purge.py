"""Removes a deleted device's telemetry, cached values, presence and activity."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.parallel import in_parallel
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.latest_cache import LatestCache
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.telemetry import TelemetryRepository

AGAIN_AFTER_MS = 90_000
"""By then no cached key of the device works (30 s), and what was counted of it is flushed (30 s, twice)."""


def purge_messages(user_id: UUID, device_ids: Sequence[int], at: Millis) -> list[NewMessage]:
    """The messages that purge an account's devices: at once, and again when nothing can be submitted any more.

    An account's purges share a subject, so that accounts take turns.
    """
    ids: list[JsonValue] = list(device_ids)
    payload: JsonObject = {"device_ids": ids}
    return [
        NewMessage(Topic.PURGE_TELEMETRY, f"purge:{user_id}", payload, at),
        NewMessage(Topic.PURGE_TELEMETRY, f"purge-again:{user_id}", payload, Millis(at + AGAIN_AFTER_MS)),
    ]


class Purge:
    """Removes the telemetry, cached values, presence and activity of devices that were deleted."""

    def __init__(
        self,
        telemetry: TelemetryRepository,
        latest: LatestCache,
        presence: PresenceRepository,
        activity: ActivityRepository,
    ) -> None:
        self._telemetry = telemetry
        self._latest = latest
        self._presence = presence
        self._activity = activity

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Remove a chunk; return the payload to go on with, None when nothing is left. Raises StoreUnavailable."""
        device_ids = _device_ids(payload)
        if await self._activity.purge_chunk(device_ids):
            return payload
        await in_parallel(partial(self._latest.invalidate, device_id) for device_id in device_ids)
        await self._presence.forget(device_ids)
        rest: list[JsonValue] = list(await self._telemetry.purge_chunk(device_ids))
        return {"device_ids": rest} if rest else None


def _device_ids(payload: JsonObject) -> list[int]:
    device_ids = payload["device_ids"]
    if not isinstance(device_ids, list):
        raise TypeError("no purge's payload")
    return [device_id for device_id in device_ids if isinstance(device_id, int)]
