"""When devices were last seen, which the SQL store learns of some seconds later."""

from collections.abc import Sequence
from dataclasses import replace

from iotflow.domain.devices import Device
from iotflow.domain.times import Millis
from iotflow.repositories.presence import PresenceRepository


async def with_presence(presence: PresenceRepository, devices: Sequence[Device]) -> list[Device]:
    """The devices with what the presence knows of when they were last seen."""
    seen = await presence.last_seen([device.id for device in devices])
    return [
        replace(device, last_seen=max(seen[device.id], device.last_seen or Millis(0))) if device.id in seen else device
        for device in devices
    ]
