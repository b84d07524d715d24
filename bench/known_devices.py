"""The devices that the floor answers for: read once by the store's own player, as seldom as a warm cache does."""

from typing import NamedTuple

from iotflow.stores.sql.dialect import open_database
from iotflow.stores.sql.transactions import SqlTransactions


class Device(NamedTuple):
    """What an answer tells of a device."""

    id: int
    name: str
    device_type: str


class KnownDevices:
    """Devices by id, remembered for good."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._known: dict[int, Device] = {}

    async def get(self, device_id: int) -> Device:
        """A device; KeyError without one."""
        if device_id not in self._known:
            self._known[device_id] = await self._read(device_id)
        return self._known[device_id]

    async def _read(self, device_id: int) -> Device:
        database = open_database(self._database_url)
        try:
            async with SqlTransactions(database).read() as transaction:
                found = await transaction.devices.get(device_id)
        finally:
            await database.close()
        if found is None:
            raise KeyError(device_id)
        return Device(found.id, found.name, found.device_type)
