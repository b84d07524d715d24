"""Preferences of users in the `preferences` collection."""

from uuid import UUID

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis
from iotflow.stores.mongo.bson import date_of, json_of, stored_json
from iotflow.stores.mongo.connection import SHORT_TIMEOUT_S, Mongo


class MongoPreferences:
    """MongoDB implementation of `PreferencesRepository`."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def get(self, user_id: UUID) -> JsonObject:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            found = await client.database["preferences"].find_one({"_id": user_id})
        return {} if found is None else json_of(found["preferences"])

    async def replace(self, user_id: UUID, preferences: JsonObject, at: Millis) -> None:
        stored = {"preferences": stored_json(preferences), "updated_at": date_of(at)}
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            await client.database["preferences"].update_one({"_id": user_id}, {"$set": stored}, upsert=True)

    async def delete(self, user_id: UUID) -> None:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            await client.database["preferences"].delete_one({"_id": user_id})
