"""Presence: times of devices' latest requests, flushed to the SQL store in bulk."""

from collections.abc import Sequence
from dataclasses import replace

from iotflow.clock import Clock
from iotflow.domain.devices import Device
from iotflow.domain.times import Millis
from iotflow.repositories.cache import PresenceRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.presence_monitor import announce_online

DEVICES_PER_FLUSH = 1_000


async def merge_presence(presence: PresenceRepository, devices: Sequence[Device]) -> list[Device]:
    """Return devices with `last_seen` updated from the presence in the cache."""
    seen = await presence.last_seen([device.id for device in devices])
    return [
        replace(device, last_seen=max(seen[device.id], device.last_seen or Millis(0))) if device.id in seen else device
        for device in devices
    ]


async def flush_presence(presence: PresenceRepository, transactions: Transactions, clock: Clock) -> None:
    """Store presence in the SQL store in chunks so that other writes run in between. Raises StoreUnavailable.

    Devices that were not online are announced.
    Times are capped at the current time: the clock may have been set back since.
    """
    times = sorted((await presence.pending()).items())
    now = clock.now()
    for start in range(0, len(times), DEVICES_PER_FLUSH):
        seen = dict(times[start : start + DEVICES_PER_FLUSH])
        stored = {device_id: min(at, now) for device_id, at in seen.items()}
        async with transactions.write(bulk=True) as transaction:
            await transaction.devices.record_seen(stored)
            await announce_online(transaction, stored, now)
        await presence.mark_flushed(seen)
