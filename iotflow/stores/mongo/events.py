"""Events in the `events` collection."""

from collections.abc import Sequence
from uuid import UUID

from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from iotflow.clock import Clock
from iotflow.domain.events import PERSONAL_DETAILS, Event, EventFilter, EventPosition, EventType
from iotflow.domain.json import JsonObject
from iotflow.domain.times import DAY_MS, Millis
from iotflow.stores.mongo.bson import Document, date_of, json_of, stored_json, time_of
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, Mongo
from iotflow.stores.mongo.retention import apply_retention

NEWEST_FIRST = [("timestamp", -1), ("_id", -1)]
OLDEST_FIRST = [("timestamp", 1), ("_id", 1)]
MAX_EVENTS_PER_CHUNK = 500
WRITE_TIMEOUT_S = 3.0
"""Longer than for other writes: no request waits for this one, and a slow disk takes seconds to sync the journal."""

DUPLICATE_KEY = 11_000
REFUSED_BY_VALIDATOR = 121


class MongoEvents:
    """MongoDB implementation of `EventRepository`.

    The server removes expired events once a minute; reads omit them at once.
    """

    def __init__(self, mongo: Mongo, clock: Clock, retention_days: int) -> None:
        self._mongo = mongo
        self._clock = clock
        self._retention_ms = retention_days * DAY_MS

    async def apply_retention(self) -> None:
        """Set the retention in the TTL index, also for events already stored. Call it at each start.

        Raises StoreUnavailable, also for a database that is not migrated.
        """
        await apply_retention(self._mongo, "events", self._retention_ms // DAY_MS)

    async def add(self, new: Sequence[Event]) -> None:
        documents = [_document(event) for event in new]
        if not documents:
            return
        async with self._mongo.operation(WRITE_TIMEOUT_S) as client:
            try:
                await client.database["events"].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                _ignore_duplicates(error)

    async def page(self, where: EventFilter, limit: int, after: EventPosition | None) -> list[Event]:
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            found = client.database["events"].find(
                self._query(where, after), sort=NEWEST_FIRST, hint=_index(where), limit=limit, batch_size=limit
            )
            return [_event(document) for document in await found.to_list(None)]

    async def anonymize_chunk(self, user_id: UUID, after: EventPosition | None) -> EventPosition | None:
        query: Document = {"user_id": user_id}
        if after is not None:
            at = date_of(after.timestamp)
            query["timestamp"] = {"$gte": at}
            query["$or"] = [{"timestamp": {"$gt": at}}, {"_id": {"$gt": after.id}}]
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            events = client.database["events"]
            found = events.find(
                query, sort=OLDEST_FIRST, hint="by_user", limit=MAX_EVENTS_PER_CHUNK, batch_size=MAX_EVENTS_PER_CHUNK
            )
            documents = await found.to_list(None)
            updates = [
                UpdateOne({"_id": document["_id"]}, {"$set": {"details": stored_json(_anonymous(details))}})
                for document in documents
                if PERSONAL_DETAILS & (details := json_of(document["details"])).keys()
            ]
            if updates:
                await events.bulk_write(updates, ordered=False)
        if len(documents) < MAX_EVENTS_PER_CHUNK:
            return None
        return EventPosition(time_of(documents[-1]["timestamp"]), documents[-1]["_id"])

    def _query(self, where: EventFilter, after: EventPosition | None) -> Document:
        times: Document = {}
        query: Document = {"timestamp": times}
        if self._retention_ms:
            times["$gt"] = date_of(Millis(self._clock.now() - self._retention_ms))
        if where.start is not None:
            times["$gte"] = date_of(where.start)
        if where.end is not None:
            times["$lt"] = date_of(where.end)
        if after is not None:
            at = date_of(after.timestamp)
            times["$lte"] = at
            query["$or"] = [{"timestamp": {"$lt": at}}, {"_id": {"$lt": after.id}}]
        if not times:
            del query["timestamp"]
        if where.user_id is not None:
            query["user_id"] = where.user_id
        if where.device_id is not None:
            query["device_id"] = Int64(where.device_id)
        if where.event_type is not None:
            query["event_type"] = where.event_type.value
        return query


def _anonymous(details: JsonObject) -> JsonObject:
    return {name: value for name, value in details.items() if name not in PERSONAL_DETAILS}


def _index(where: EventFilter) -> str:
    """Return the most selective index that yields a list's events in order."""
    if where.device_id is not None:
        return "by_device"
    if where.user_id is not None:
        return "by_user"
    if where.event_type is not None:
        return "by_type"
    return "by_time"


def _ignore_duplicates(error: BulkWriteError) -> None:
    """Raise the error unless its only cause is that events are stored already."""
    others = [one for one in error.details["writeErrors"] if one["code"] != DUPLICATE_KEY]
    for one in others:
        if one["code"] == REFUSED_BY_VALIDATOR:
            # A retry would fail for ever, so this is no StoreUnavailable.
            raise ValueError(f"event {one['op']['_id']}: refused by the schema of the database") from error
    if others or error.details["writeConcernErrors"]:
        raise error


def _document(event: Event) -> Document:
    return {
        "_id": event.id,
        "event_type": event.event_type.value,
        "timestamp": date_of(event.timestamp),
        "user_id": event.user_id,
        "device_id": None if event.device_id is None else Int64(event.device_id),
        "details": stored_json(event.details),
        "request_id": event.request_id,
    }


def _event(document: Document) -> Event:
    return Event(
        id=document["_id"],
        event_type=EventType(document["event_type"]),
        timestamp=time_of(document["timestamp"]),
        user_id=document["user_id"],
        device_id=document["device_id"],
        details=json_of(document["details"]),
        request_id=document["request_id"],
    )
