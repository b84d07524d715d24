"""Activity counts in the `activity` collection."""

from collections.abc import Collection, Mapping

from bson import Int64
from pymongo import UpdateOne

from iotflow.domain.times import Millis
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.mongo.bson import Document, date_of, time_of
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, Mongo

MAX_COUNTS_PER_CHUNK = 1_000


class MongoActivity:
    """MongoDB implementation of `ActivityRepository`. A TTL index removes expired counts."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def add(self, counts: Mapping[DeviceHour, Activity]) -> None:
        updates = [
            UpdateOne(
                {"device_id": Int64(at.device_id), "hour": date_of(at.hour)},
                {"$inc": {"messages": Int64(count.messages), "points": Int64(count.points)}},
                upsert=True,
            )
            for at, count in counts.items()
        ]
        if updates:
            async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
                await client.database["activity"].bulk_write(updates, ordered=False)

    async def points_by_hour(self, since: Millis) -> dict[Millis, int]:
        pipeline: list[Document] = [
            {"$match": {"hour": {"$gte": date_of(since)}}},
            {"$group": {"_id": "$hour", "points": {"$sum": "$points"}}},
        ]
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            return {time_of(one["_id"]): one["points"] for one in await client.aggregate("activity", pipeline)}

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        query = {"device_id": {"$in": [Int64(device_id) for device_id in device_ids]}}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            counts = client.database["activity"]
            found = await counts.find(query, {"_id": 1}, limit=MAX_COUNTS_PER_CHUNK).to_list(None)
            if found:
                await counts.delete_many({"_id": {"$in": [document["_id"] for document in found]}})
        return len(found) == MAX_COUNTS_PER_CHUNK
