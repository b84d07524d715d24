"""Activity counts in the `activity` collection."""

from collections.abc import Collection, Mapping

from bson import Int64
from pymongo import UpdateOne

from iotflow.domain.analytics import HOUR_MS, DayActivity
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.mongo.bson import Document, date_of, time_of
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, Mongo

MAX_COUNTS_PER_CHUNK = 1_000
_SUMS: Document = {"messages": {"$sum": "$messages"}, "points": {"$sum": "$points"}}


class MongoActivity:
    """MongoDB implementation of `ActivityRepository`. A TTL index removes expired counts."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def add(self, counts: Mapping[DeviceHour, Activity]) -> None:
        updates = [
            UpdateOne(
                {"device_id": Int64(at.device_id), "hour": date_of(at.hour)},
                {"$inc": {"messages": Int64(count.submissions), "points": Int64(count.points)}},
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

    async def by_day(self, device_ids: Collection[int], time_range: TimeRange) -> dict[Millis, DayActivity]:
        pipeline: list[Document] = [
            {"$match": _within(device_ids, time_range)},
            {"$group": {"_id": {"$dateTrunc": {"date": "$hour", "unit": "day"}}, **_SUMS, "hours": {"$sum": 1}}},
            {"$sort": {"_id": 1}},
        ]
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            found = await client.aggregate("activity", pipeline)
        return {time_of(one["_id"]): DayActivity(one["messages"], one["points"], one["hours"]) for one in found}

    async def busiest(self, device_ids: Collection[int], time_range: TimeRange, limit: int) -> dict[int, Activity]:
        pipeline: list[Document] = [
            {"$match": _within(device_ids, time_range)},
            {"$group": {"_id": "$device_id", **_SUMS}},
            {"$sort": {"messages": -1, "_id": 1}},
            {"$limit": limit},
        ]
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            found = await client.aggregate("activity", pipeline)
        return {one["_id"]: Activity(one["messages"], one["points"]) for one in found}

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        query = {"device_id": {"$in": [Int64(device_id) for device_id in device_ids]}}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            counts = client.database["activity"]
            found = await counts.find(query, {"_id": 1}, limit=MAX_COUNTS_PER_CHUNK).to_list(None)
            if found:
                await counts.delete_many({"_id": {"$in": [document["_id"] for document in found]}})
        return len(found) == MAX_COUNTS_PER_CHUNK


def _within(device_ids: Collection[int], time_range: TimeRange) -> Document:
    hours: Document = {"$gte": date_of(Millis(time_range.start - time_range.start % HOUR_MS))}
    if time_range.end is not None:
        hours["$lt"] = date_of(time_range.end)
    return {"device_id": {"$in": [Int64(device_id) for device_id in device_ids]}, "hour": hours}
