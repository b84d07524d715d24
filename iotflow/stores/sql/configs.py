"""Configs in the `device_configs` table."""

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.devices import DeviceConfig
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.stores.sql.tables import configs


class SqlConfigs:
    """Plays `ConfigRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, device_id: int, at: Millis) -> None:
        await self._connection.execute(
            configs.insert().values(device_id=device_id, config_version=1, settings={}, updated_at=at)
        )

    async def get(self, device_id: int) -> DeviceConfig | None:
        row = (await self._connection.execute(select(configs).where(configs.c.device_id == device_id))).one_or_none()
        return None if row is None else _config(row)

    async def update(
        self, device_id: int, settings: JsonObject | None, expected_version: int | None, at: Millis
    ) -> DeviceConfig:
        values: dict[str, object] = {"config_version": configs.c.config_version + 1, "updated_at": at}
        if settings is not None:
            values["settings"] = settings
        statement = update(configs).where(configs.c.device_id == device_id).values(values).returning(*configs.c)
        if expected_version is not None:
            statement = statement.where(configs.c.config_version == expected_version)
        row = (await self._connection.execute(statement)).one_or_none()
        if row is not None:
            return _config(row)
        stored = await self.get(device_id)
        if stored is None:
            raise NotFound(f"there is no device {device_id}")
        raise Conflict(f"the stored config_version is {stored.config_version}, not {expected_version}")


def _config(row: Row[*tuple[Any, ...]]) -> DeviceConfig:  # Any: the columns' types are those of the table
    return DeviceConfig(
        device_id=row.device_id,
        config_version=row.config_version,
        settings=row.settings,
        updated_at=row.updated_at,
    )
