"""What is left of a device when its row is gone, and how it goes too."""

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.repositories.activity import ActivityRepository
from iotflow.repositories.latest_cache import LatestCache
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.telemetry import TelemetryRepository


def purge_message(device_id: int, at: Millis, *, again: bool = False) -> NewMessage:
    """The message that asks for a device's purge; `again` marks the one that follows the key caches' lifetime."""
    return NewMessage(Topic.PURGE_TELEMETRY, f"device:{device_id}", {"device_id": device_id, "again": again}, at)


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

    async def run(self, payload: JsonObject) -> None:
        """Handle a purge message; to do it twice changes nothing."""
        device_id = payload["device_id"]
        assert isinstance(device_id, int)
        await self._telemetry.purge(device_id)
        await self._latest.invalidate(device_id)
        await self._presence.forget(device_id)
        await self._activity.purge(device_id)
