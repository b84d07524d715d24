"""Which names devices have, as this process last read them."""

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from iotflow.clock import Clock
from iotflow.domain.telemetry import MAX_NAMES_PER_DEVICE
from iotflow.domain.times import Millis
from iotflow.repositories.telemetry import TelemetryRepository

LIFETIME_MS = 5_000
DEVICES = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    names: set[str]
    until: Millis


class Catalogue:
    """Admits names up to the limit of a device.

    What was read is used for `LIFETIME_MS`; names that it holds already are admitted beyond that without reading again.
    """

    def __init__(self, telemetry: TelemetryRepository, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._entries: OrderedDict[int, _Entry] = OrderedDict()

    async def admit(self, device_id: int, names: AbstractSet[str]) -> bool:
        """Whether the device may have these names; if so they count from now on. Raises StoreUnavailable."""
        entry = self._entries.get(device_id)
        if entry is not None and names <= entry.names:
            return True
        if entry is None or entry.until <= self._clock.now():
            entry = await self._read(device_id)
        if len(entry.names | names) > MAX_NAMES_PER_DEVICE:
            return False
        entry.names.update(names)
        return True

    async def _read(self, device_id: int) -> _Entry:
        until = Millis(self._clock.now() + LIFETIME_MS)
        entry = _Entry(set(await self._telemetry.names(device_id)), until)
        self._entries[device_id] = entry
        self._entries.move_to_end(device_id)
        if len(self._entries) > DEVICES:
            self._entries.popitem(last=False)
        return entry
