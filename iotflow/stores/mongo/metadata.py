"""Metadata of devices in the `metadata` collection."""

from collections.abc import Collection
from uuid import UUID

from bson import Int64
from pymongo import ReturnDocument

from iotflow.domain.geography import Box, Circle, Position
from iotflow.domain.metadata import DeviceMetadata, MetadataChange, MetadataFilter, scalars
from iotflow.domain.times import Millis
from iotflow.repositories.metadata import FoundDevices
from iotflow.stores.mongo.bson import Document, date_of, json_of, stored_json, time_of
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, SHORT_TIMEOUT_S, Mongo
from iotflow.stores.terms import attribute_term

DEVICES_PER_CHUNK = 100
POSITION_FIELDS = ("lat", "lon", "point")


class MongoMetadata:
    """MongoDB implementation of `MetadataRepository`.

    Attributes are searched by terms, not by their fields: a client's names may hold dots and dollars.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def get(self, device_id: int) -> DeviceMetadata:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            found = await client.database["metadata"].find_one({"_id": Int64(device_id)})
        return DeviceMetadata(device_id) if found is None else _metadata(found)

    async def update(self, device_id: int, user_id: UUID, change: MetadataChange, at: Millis) -> DeviceMetadata:
        changed = {**_fields(change), "updated_at": date_of(at)}
        empty: Document = {"user_id": user_id, "tags": [], "attributes": {}, "attribute_terms": []}
        update: Document = {
            "$set": changed,
            "$setOnInsert": {name: value for name, value in empty.items() if name not in changed},
        }
        if "position" in change and change["position"] is None:
            update["$unset"] = dict.fromkeys(POSITION_FIELDS, "")
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            stored = await client.database["metadata"].find_one_and_update(
                {"_id": Int64(device_id)}, update, upsert=True, return_document=ReturnDocument.AFTER
            )
        assert stored is not None  # an upsert has a document
        return _metadata(stored)

    async def search(self, where: MetadataFilter, limit: int, offset: int, after: int) -> FoundDevices:
        query = _query(where)
        index = _index(where)
        page = {**query, "_id": {"$gt": Int64(after)}}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            found = client.database["metadata"].find(
                page, {"_id": 1}, sort=[("_id", 1)], skip=offset, limit=limit, batch_size=limit, hint=index
            )
            device_ids = [document["_id"] for document in await found.to_list(None)]
            total = await client.database["metadata"].count_documents(query, hint=index)
        return FoundDevices(device_ids, total)

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        query = {"_id": {"$in": [Int64(device_id) for device_id in device_ids]}}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            metadata = client.database["metadata"]
            found = await metadata.find(query, {"_id": 1}, limit=DEVICES_PER_CHUNK).to_list(None)
            if found:
                await metadata.delete_many({"_id": {"$in": [document["_id"] for document in found]}})
        return len(found) == DEVICES_PER_CHUNK


def _fields(change: MetadataChange) -> Document:
    fields: Document = {}
    if "tags" in change:
        fields["tags"] = list(change["tags"])
    if "attributes" in change:
        fields["attributes"] = stored_json(change["attributes"])
        fields["attribute_terms"] = [attribute_term(name, value) for name, value in scalars(change["attributes"])]
    if (position := change.get("position")) is not None:
        lat, lon = float(position.lat), float(position.lon)
        fields |= {"lat": lat, "lon": lon, "point": {"type": "Point", "coordinates": [lon, lat]}}
    return fields


def _query(where: MetadataFilter) -> Document:
    query: Document = {"user_id": where.user_id}
    if where.tag is not None:
        query["tags"] = where.tag
    if where.attribute is not None:
        terms = [attribute_term(where.attribute.name, value) for value in where.attribute.values]
        query["attribute_terms"] = {"$in": terms}
    if where.circle is not None:
        query["point"] = _within_circle(where.circle)
    if where.box is not None:
        query |= _within_box(where.box)
    return query


def _index(where: MetadataFilter) -> str:
    """Return the index of the condition that is likely to match the fewest devices."""
    if where.attribute is not None:
        return "by_attribute"
    if where.tag is not None:
        return "by_tag"
    if where.circle is not None:
        return "by_point"
    return "by_user" if where.box is None else "by_position"


def _within_circle(circle: Circle) -> Document:
    return {"$geoWithin": {"$centerSphere": [[circle.center.lon, circle.center.lat], circle.angle]}}


def _within_box(box: Box) -> Document:
    """Return the conditions: ranges of both coordinates, since the sides of a GeoJSON polygon are no parallels."""
    longitudes: list[Document] = [{"lon": {"$gte": low, "$lte": high}} for low, high in box.longitudes()]
    return {
        "lat": {"$gte": box.south, "$lte": box.north},
        "$or": [*longitudes, {"lat": {"$in": box.poles()}}],
    }


def _metadata(document: Document) -> DeviceMetadata:
    return DeviceMetadata(
        device_id=document["_id"],
        tags=document["tags"],
        attributes=json_of(document["attributes"]),
        position=Position(document["lat"], document["lon"]) if "lat" in document else None,
        updated_at=time_of(document["updated_at"]),
    )
