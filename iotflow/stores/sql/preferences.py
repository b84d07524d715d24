"""Preferences of users in the `user_preferences` table."""

from uuid import UUID

from sqlalchemy import delete, select

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.stores.sql.database import Database, insert
from iotflow.stores.sql.tables import preferences


class SqlPreferences:
    """SQL implementation of `PreferencesRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: UUID) -> JsonObject:
        statement = select(preferences.c.preferences).where(preferences.c.user_id == user_id)
        async with self._database.read() as connection:
            found: JsonObject | None = await connection.scalar(statement)
        return found or {}

    async def replace(self, user_id: UUID, new: JsonObject, at: Millis) -> None:
        changed = {"preferences": new, "updated_at": at}
        async with self._database.write() as connection:
            upsert = insert(connection.dialect.name, preferences).values(user_id=user_id, **changed)
            await connection.execute(upsert.on_conflict_do_update(index_elements=["user_id"], set_=changed))

    async def delete(self, user_id: UUID) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(preferences).where(preferences.c.user_id == user_id))
