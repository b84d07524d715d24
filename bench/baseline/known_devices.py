"""The devices of the baseline, each read once through the SQL store, as with a warm cache."""

from typing import NamedTuple

from iotflow.stores.sql import open_database
from iotflow.stores.sql.transactions import SqlTransactions


class Device(NamedTuple):
    """The part of a device that responses contain."""

    id: int
    name: str
    device_type: str


class KnownDevices:
    """Devices by id, cached without expiry."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._known: dict[int, Device] = {}

    async def get(self, device_id: int) -> Device:
        """Return a device. Raises KeyError if there is none."""
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
