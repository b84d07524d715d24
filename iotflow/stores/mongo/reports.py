"""Reports in the `reports` collection."""

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from bson import Int64
from pymongo.errors import DuplicateKeyError

from iotflow.clock import Clock
from iotflow.domain.reports import Report, ReportPosition, ReportStatus, ReportType
from iotflow.domain.times import DAY_MS, Millis
from iotflow.stores.mongo.bson import Document, date_of, json_of, stored_json, time_of
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, SHORT_TIMEOUT_S, Mongo
from iotflow.stores.mongo.retention import apply_retention

MAX_REPORTS_PER_CHUNK = 100
NEWEST_FIRST = [("created_at", -1), ("_id", -1)]


class MongoReports:
    """MongoDB implementation of `ReportRepository`.

    The server removes expired reports once a minute; reads omit them at once.
    """

    def __init__(self, mongo: Mongo, clock: Clock, retention_days: int) -> None:
        self._mongo = mongo
        self._clock = clock
        self._retention_days = retention_days

    async def apply_retention(self) -> None:
        """Set the retention of reports. Call it at each start. Raises StoreUnavailable."""
        await apply_retention(self._mongo, "reports", self._retention_days)

    async def add(self, report: Report) -> None:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            with suppress(DuplicateKeyError):
                await client.database["reports"].insert_one(_document(report))

    async def save(self, report: Report) -> None:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            await client.database["reports"].replace_one({"_id": report.id}, _document(report), upsert=True)

    async def get(self, report_id: UUID) -> Report | None:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            found = await client.database["reports"].find_one({"_id": report_id, **self._not_expired()})
        return None if found is None else _report(found)

    async def page(self, user_id: UUID | None, limit: int, after: ReportPosition | None) -> list[Report]:
        conditions: list[Document] = [self._not_expired()]
        if user_id is not None:
            conditions.append({"user_id": user_id})
        if after is not None:
            at = date_of(after.created_at)
            conditions.append({"created_at": {"$lte": at}})
            conditions.append({"$or": [{"created_at": {"$lt": at}}, {"_id": {"$lt": after.id}}]})
        hint = "by_time" if user_id is None else "by_user"
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            found = client.database["reports"].find(
                {"$and": conditions}, {"result": 0}, sort=NEWEST_FIRST, hint=hint, limit=limit, batch_size=limit
            )
            return [_report(document) for document in await found.to_list(None)]

    async def count_pending(self, user_id: UUID) -> int:
        query = {"user_id": user_id, "status": ReportStatus.PENDING.value}
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            return int(await client.database["reports"].count_documents(query, hint="by_user"))

    async def trim(self, user_id: UUID, keep: int) -> None:
        query = {"user_id": user_id}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            stored = client.database["reports"]
            older = await stored.find(query, {"_id": 1}, sort=NEWEST_FIRST, hint="by_user", skip=keep).to_list(None)
            if older:
                await stored.delete_many({"_id": {"$in": [one["_id"] for one in older]}})

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        query = {"device_id": {"$in": [Int64(device_id) for device_id in device_ids]}}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            stored = client.database["reports"]
            found = await stored.find(query, {"_id": 1}, limit=MAX_REPORTS_PER_CHUNK).to_list(None)
            if found:
                await stored.delete_many({"_id": {"$in": [one["_id"] for one in found]}})
        return len(found) == MAX_REPORTS_PER_CHUNK

    def _not_expired(self) -> Document:
        if not self._retention_days:
            return {}
        return {"created_at": {"$gt": date_of(Millis(self._clock.now() - self._retention_days * DAY_MS))}}


def _document(report: Report) -> Document:
    return {
        "_id": report.id,
        "user_id": report.user_id,
        "report_type": report.report_type.value,
        "device_id": None if report.device_id is None else Int64(report.device_id),
        "group_id": None if report.group_id is None else Int64(report.group_id),
        "start_time": date_of(report.start_time),
        "end_time": date_of(report.end_time),
        "status": report.status.value,
        "created_at": date_of(report.created_at),
        "completed_at": None if report.completed_at is None else date_of(report.completed_at),
        "error": report.error,
        "result": None if report.result is None else stored_json(report.result),
    }


def _report(document: Document) -> Report:
    completed, result = document["completed_at"], document.get("result")
    return Report(
        id=document["_id"],
        user_id=document["user_id"],
        report_type=ReportType(document["report_type"]),
        device_id=document["device_id"],
        group_id=document["group_id"],
        start_time=time_of(document["start_time"]),
        end_time=time_of(document["end_time"]),
        status=ReportStatus(document["status"]),
        created_at=time_of(document["created_at"]),
        completed_at=None if completed is None else time_of(completed),
        error=document["error"],
        result=None if result is None else json_of(result),
    )
