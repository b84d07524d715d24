"""Configs of devices in the `device_configs` table, and their last versions in `device_config_versions`."""

from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.devices import MAX_CONFIG_VERSIONS, ConfigVersion, DeviceConfig
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.stores.sql.tables import config_versions, configs


class SqlConfigs:
    """SQL implementation of `ConfigRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, device_id: int, at: Millis, actor: JsonObject | None = None) -> None:
        new = {"device_id": device_id, "config_version": 1, "settings": {}, "updated_at": at}
        await self._connection.execute(configs.insert().values(new))
        await self._connection.execute(config_versions.insert().values(**new, actor=actor))

    async def get(self, device_id: int) -> DeviceConfig | None:
        row = (await self._connection.execute(select(configs).where(configs.c.device_id == device_id))).one_or_none()
        return None if row is None else _config_from_row(row)

    async def update(
        self,
        device_id: int,
        settings: JsonObject | None,
        expected_version: int | None,
        at: Millis,
        actor: JsonObject | None = None,
    ) -> DeviceConfig:
        values: dict[str, object] = {"config_version": configs.c.config_version + 1, "updated_at": at}
        if settings is not None:
            values["settings"] = settings
        statement = update(configs).where(configs.c.device_id == device_id).values(values).returning(*configs.c)
        if expected_version is not None:
            statement = statement.where(configs.c.config_version == expected_version)
        row = (await self._connection.execute(statement)).one_or_none()
        if row is not None:
            config = _config_from_row(row)
            await self._keep_version(config, actor)
            return config
        stored = await self.get(device_id)
        if stored is None:
            raise NotFound(f"there is no device {device_id}")
        raise Conflict(f"the stored config_version is {stored.config_version}, not {expected_version}")

    async def versions(self, device_id: int) -> list[ConfigVersion]:
        columns = config_versions.c
        statement = select(columns.config_version, columns.updated_at, columns.actor)
        statement = statement.where(columns.device_id == device_id).order_by(columns.config_version.desc())
        return [
            ConfigVersion(row.config_version, row.updated_at, row.actor)
            for row in await self._connection.execute(statement)
        ]

    async def version(self, device_id: int, config_version: int) -> DeviceConfig | None:
        columns = config_versions.c
        statement = select(columns.device_id, columns.config_version, columns.settings, columns.updated_at)
        statement = statement.where(columns.device_id == device_id, columns.config_version == config_version)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else _config_from_row(row)

    async def _keep_version(self, config: DeviceConfig, actor: JsonObject | None) -> None:
        """Add the current version, and remove those that are kept no longer."""
        kept = config_versions.insert().values(
            device_id=config.device_id,
            config_version=config.config_version,
            settings=config.settings,
            updated_at=config.updated_at,
            actor=actor,
        )
        await self._connection.execute(kept)
        oldest = config.config_version - MAX_CONFIG_VERSIONS + 1
        columns = config_versions.c
        outdated = (columns.device_id == config.device_id, columns.config_version < oldest)
        await self._connection.execute(delete(config_versions).where(*outdated))


def _config_from_row(row: Row[*tuple[Any, ...]]) -> DeviceConfig:  # Any: the columns' types are those of the table
    return DeviceConfig(
        device_id=row.device_id,
        config_version=row.config_version,
        settings=row.settings,
        updated_at=row.updated_at,
    )
