"""Alerts in the `alerts` collection."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from bson import Int64
from bson.datetime_ms import DatetimeMS
from pymongo.errors import DuplicateKeyError

from iotflow.clock import Clock
from iotflow.domain.alert_rules import Severity
from iotflow.domain.alerts import Alert, AlertFilter, AlertPosition, AlertStatus, AlertType
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.mongo.bson import Document, date_of, json_of, stored_json, time_of
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, SHORT_TIMEOUT_S, Mongo
from iotflow.stores.mongo.retention import apply_retention

MAX_ALERTS_PER_CHUNK = 500
NEWEST_FIRST = [("created_at", -1), ("_id", -1)]
_OPEN: Final[Mapping[str, object]] = {"resolved_at": None}


class MongoAlerts:
    """MongoDB implementation of `AlertRepository`.

    The open alert of a rule has the rule's id also in `open_rule_id`, the unique key of open alerts.
    The server removes expired alerts once a minute; reads omit them at once.
    """

    def __init__(self, mongo: Mongo, clock: Clock, retention_days: int) -> None:
        self._mongo = mongo
        self._clock = clock
        self._retention_days = retention_days

    async def apply_retention(self) -> None:
        """Set the retention of resolved alerts. Call it at each start. Raises StoreUnavailable."""
        await apply_retention(self._mongo, "alerts", self._retention_days)

    async def add(self, alert: Alert) -> None:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            alerts = client.database["alerts"]
            try:
                await alerts.insert_one(_document(alert))
            except DuplicateKeyError:
                if await alerts.find_one({"_id": alert.id}, {"_id": 1}) is None:
                    await alerts.update_one(
                        {"open_rule_id": _int64(alert.rule_id), "device_id": Int64(alert.device_id)},
                        {"$inc": {"count": Int64(1)}, "$set": {"updated_at": date_of(alert.updated_at)}},
                    )

    async def get(self, alert_id: UUID) -> Alert | None:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            found = await client.database["alerts"].find_one({"_id": alert_id, **self._not_expired()})
        return None if found is None else _alert(found)

    async def acknowledge(self, alert_id: UUID, user_id: UUID | None, at: Millis) -> bool:
        changed = {
            "status": AlertStatus.ACKNOWLEDGED.value,
            "acknowledged_at": date_of(at),
            "acknowledged_by": user_id,
            "updated_at": date_of(at),
        }
        return await self._update({"_id": alert_id, "status": AlertStatus.ACTIVE.value}, {"$set": changed})

    async def resolve(self, alert_id: UUID, at: Millis) -> bool:
        return await self._update({"_id": alert_id, **_OPEN}, _resolution(at))

    async def update_of_rule(
        self, rule_id: int, device_id: int, fired_at: Millis, count: int, at: Millis, status: AlertStatus | None = None
    ) -> None:
        change = {"$set": {"updated_at": date_of(at)}} if status is None else _resolution(at)
        query = {
            "open_rule_id": Int64(rule_id),
            "device_id": Int64(device_id),
            "fired_at": {"$lte": date_of(fired_at)},
        }
        await self._update(query, {"$max": {"count": Int64(count)}, **change})

    async def open_of_device(self, device_id: int, rule_ids: Collection[int]) -> list[Alert]:
        query = {"open_rule_id": {"$in": [Int64(one) for one in rule_ids]}, "device_id": Int64(device_id)}
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            return [_alert(one) for one in await client.database["alerts"].find(query).to_list(None)]

    async def resolve_chunk(self, rule_id: int, at: Millis) -> bool:
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            alerts = client.database["alerts"]
            query = {"open_rule_id": Int64(rule_id)}
            found = await alerts.find(query, {"_id": 1}, limit=MAX_ALERTS_PER_CHUNK).to_list(None)
            if found:
                chosen = {"_id": {"$in": [one["_id"] for one in found]}, **_OPEN}
                await alerts.update_many(chosen, _resolution(at))
        return len(found) == MAX_ALERTS_PER_CHUNK

    async def page(self, where: AlertFilter, limit: int, after: AlertPosition | None) -> list[Alert]:
        conditions: list[Document] = [_matches(where), self._not_expired()]
        if after is not None:
            at = date_of(after.created_at)
            conditions.append({"created_at": {"$lte": at}})
            conditions.append({"$or": [{"created_at": {"$lt": at}}, {"_id": {"$lt": after.id}}]})
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            found = client.database["alerts"].find(
                {"$and": conditions}, sort=NEWEST_FIRST, hint=_index(where), limit=limit, batch_size=limit
            )
            return [_alert(document) for document in await found.to_list(None)]

    async def count_by_severity(self, user_id: UUID, time_range: TimeRange) -> dict[Severity, int]:
        created: Document = {"$gte": date_of(time_range.start)}
        if time_range.end is not None:
            created["$lt"] = date_of(time_range.end)
        pipeline: list[Document] = [
            {"$match": {"user_id": user_id, "created_at": created, **self._not_expired()}},
            {"$group": {"_id": "$severity", "count": {"$sum": 1}}},
        ]
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            stored = {Severity(one["_id"]): one["count"] for one in await client.aggregate("alerts", pipeline)}
        return {severity: stored.get(severity, 0) for severity in Severity}

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        query = {"device_id": {"$in": [Int64(device_id) for device_id in device_ids]}}
        async with self._mongo.operation(SCAN_TIMEOUT_S) as client:
            alerts = client.database["alerts"]
            found = await alerts.find(query, {"_id": 1}, limit=MAX_ALERTS_PER_CHUNK).to_list(None)
            if found:
                await alerts.delete_many({"_id": {"$in": [one["_id"] for one in found]}})
        return len(found) == MAX_ALERTS_PER_CHUNK

    async def _update(self, query: Document, change: Document) -> bool:
        async with self._mongo.operation(SHORT_TIMEOUT_S) as client:
            return (await client.database["alerts"].update_one(query, change)).matched_count > 0

    def _not_expired(self) -> Document:
        if not self._retention_days:
            return {}
        kept_from = date_of(Millis(self._clock.now() - self._retention_days * DAY_MS))
        return {"$or": [{"resolved_at": None}, {"resolved_at": {"$gt": kept_from}}]}


def _resolution(at: Millis) -> Document:
    resolved = {"status": AlertStatus.RESOLVED.value, "resolved_at": date_of(at), "updated_at": date_of(at)}
    return {"$set": resolved, "$unset": {"open_rule_id": ""}}


def _matches(where: AlertFilter) -> Document:
    wanted = {
        "user_id": where.user_id,
        "device_id": _int64(where.device_id),
        "status": where.status and where.status.value,
        "severity": where.severity and where.severity.value,
        "alert_type": where.alert_type and where.alert_type.value,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _index(where: AlertFilter) -> str:
    """Return the most selective index that yields a list's alerts in order."""
    if where.device_id is not None:
        return "by_device"
    if where.user_id is not None:
        return "by_user" if where.status is None else "by_status"
    return "by_time"


def _int64(number: int | None) -> Int64 | None:
    return None if number is None else Int64(number)


def _date(time: Millis | None) -> DatetimeMS | None:
    return None if time is None else date_of(time)


def _time(date: DatetimeMS | None) -> Millis | None:
    return None if date is None else time_of(date)


def _document(alert: Alert) -> Document:
    is_open = alert.rule_id is not None and alert.resolved_at is None
    return {
        **({"open_rule_id": _int64(alert.rule_id)} if is_open else {}),
        "_id": alert.id,
        "rule_id": _int64(alert.rule_id),
        "device_id": Int64(alert.device_id),
        "user_id": alert.user_id,
        "alert_type": alert.alert_type.value,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "message": alert.message,
        "details": stored_json(alert.details),
        "count": Int64(alert.count),
        "created_at": date_of(alert.created_at),
        "updated_at": date_of(alert.updated_at),
        "acknowledged_at": _date(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "resolved_at": _date(alert.resolved_at),
        "fired_at": _date(alert.fired_at),
    }


def _alert(document: Document) -> Alert:
    return Alert(
        id=document["_id"],
        rule_id=document["rule_id"],
        device_id=document["device_id"],
        user_id=document["user_id"],
        alert_type=AlertType(document["alert_type"]),
        severity=Severity(document["severity"]),
        status=AlertStatus(document["status"]),
        message=document["message"],
        details=json_of(document["details"]),
        count=document["count"],
        created_at=time_of(document["created_at"]),
        updated_at=time_of(document["updated_at"]),
        acknowledged_at=_time(document["acknowledged_at"]),
        acknowledged_by=document["acknowledged_by"],
        resolved_at=_time(document["resolved_at"]),
        fired_at=_time(document["fired_at"]),
    )
