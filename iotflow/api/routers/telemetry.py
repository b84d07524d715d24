"""Telemetry: submitted one record at a time, read, deleted."""

from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request

from iotflow.api.access import AccountOrAdmin, Anyone, Reader, Submitter, charge_points
from iotflow.api.answers import answer, list_answer, page_answer
from iotflow.api.cursors import Time, open_page, resolved_span
from iotflow.api.deps import AccountId, ClockDep, DeviceId, FeedDep, HealthDep, HistoryDep, IngestDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.common import QueryTime
from iotflow.api.schemas.lists import Limit
from iotflow.api.schemas.operations import StoreAvailability, TelemetryStatus
from iotflow.api.schemas.telemetry import (
    NAMES_PATTERN,
    Accepted,
    AggregatedAnswer,
    DeletionAnswer,
    DeletionBody,
    FeedAnswer,
    HistoryAnswer,
    LatestAnswer,
    RecordBody,
)
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.devices import MAX_ID
from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_NAMES_PER_DEVICE, StoredRecord, name_error
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.domain.windows import parse_window, parse_zone
from iotflow.services.feed import FeedPosition, FeedRecord
from iotflow.services.history import WindowValue

routes = router("Telemetry")

Cursor = Annotated[str | None, Query(description="The former page's `next_cursor`: continues that request.")]


class RecordPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After the record of this time."""

    time: Time


class DeviceRecordPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After the record of this time and device."""

    time: Time
    device_id: Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]


@routes.post("/telemetry", status_code=201, operation_id="submit_telemetry")
async def submit_telemetry(
    caller: Submitter, body: RecordBody, request: Request, ingest: IngestDep, request_id: RequestId
) -> Accepted:
    """Submit a record. The answer means that it is stored durably."""
    await charge_points(request, caller, len(body.data))
    timestamp = await ingest.submit(caller, body.submission(), request_id)
    return Accepted(device_id=caller.device_id, device_name=caller.name, timestamp=timestamp, accepted=len(body.data))


@routes.get("/telemetry/{device_id:digits}", operation_id="get_telemetry", responses=problems(404))
async def get_telemetry(
    caller: Reader,
    device_id: DeviceId,
    request: Request,
    history: HistoryDep,
    clock: ClockDep,
    start_time: QueryTime = "-1h",
    end_time: QueryTime | None = None,
    fields: Annotated[
        str | None,
        Query(description="Names, comma separated; all by default.", json_schema_extra={"pattern": NAMES_PATTERN}),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="The most records in a page.")] = 1_000,
    cursor: Cursor = None,
    order: Annotated[Literal["asc", "desc"], Query(description="Oldest or newest first.")] = "desc",
) -> HistoryAnswer:
    """Get a device's records within a range.

    A page never splits a record. It also ends at 100,000 values or 8 MiB: follow `next_cursor` to its end.
    """
    page = open_page(
        f"telemetry of device {device_id}",
        request.query_params,
        {"start_time": "-1h", "end_time": None, "fields": None, "order": "desc"},
        RecordPosition,
        clock.now(),
    )
    names = _names(page.query["fields"])
    device = await history.device(caller, device_id)
    found = await history.records(
        caller,
        device_id,
        page.span,
        descending=page.query["order"] == "desc",
        limit=limit,
        after=Millis(page.position.time) if page.position else None,
        names=names,
    )
    head = {
        "device_id": device_id,
        "device_name": device.name,
        "device_type": device.device_type,
        "start_time": format_rfc3339(page.span.start),
        "end_time": None if page.span.end is None else format_rfc3339(page.span.end),
    }

    def tail(count: int) -> dict[str, object]:
        more = found.more or count < len(found.records)
        last = RecordPosition(found.records[count - 1].timestamp) if more else None
        return {"count": count, "next_cursor": page.cursor(last) if last else None}

    return await page_answer(head, "data", found.records, _record, tail)  # type: ignore[return-value]  # documented as HistoryAnswer


@routes.get("/telemetry/{device_id:digits}/latest", operation_id="get_latest_telemetry", responses=problems(404))
async def get_latest_telemetry(caller: Reader, device_id: DeviceId, history: HistoryDep) -> LatestAnswer:
    """Get a device's newest values. By event time: late data never replaces newer."""
    latest = await history.latest(caller, device_id)
    body = {
        "device_id": device_id,
        "device_name": latest.device.name,
        "device_type": latest.device.device_type,
        "latest_data": {
            name: {"value": found.value, "timestamp": format_rfc3339(found.timestamp)}
            for name, found in latest.values.items()
        },
        "timestamp": format_rfc3339(max(found.timestamp for found in latest.values.values())),
        "cached": latest.cached,
    }
    return answer(body)  # type: ignore[return-value]  # documented as LatestAnswer


@routes.get("/telemetry/{device_id:digits}/aggregated", operation_id="aggregate_telemetry", responses=problems(404))
async def aggregate_telemetry(
    caller: Reader,
    device_id: DeviceId,
    history: HistoryDep,
    clock: ClockDep,
    field: Annotated[
        str, Query(description="A measurement's name.", min_length=1, max_length=128, examples=["temperature"])
    ],
    aggregation: Aggregation,
    window: Annotated[
        str, Query(pattern=r"^[0-9]{1,7}[smhd]$", description="A width from 10s to 30d.", examples=["1h", "7d"])
    ],
    start_time: QueryTime = "-24h",
    end_time: QueryTime | None = None,
    timezone: Annotated[str, Query(description="IANA name; windows of whole days follow its midnights.")] = "UTC",
) -> AggregatedAnswer:
    """Get a statistic of a measurement per window. Windows without values are left out."""
    try:
        width_ms = parse_window(window)
    except ValueError as error:
        raise InvalidInput.at("query", "window", message=str(error)) from None
    try:
        zone = parse_zone(timezone)
    except ValueError as error:
        raise InvalidInput.at("query", "timezone", message=str(error)) from None
    span = resolved_span(start_time, end_time, clock.now())
    values = await history.aggregate(caller, device_id, field, aggregation, span, width_ms, zone)
    head = {"device_id": device_id, "field": field, "aggregation": aggregation, "window": window}
    return await list_answer(head, "data", values, _window, {})  # type: ignore[return-value]  # documented as AggregatedAnswer


@routes.delete("/telemetry/{device_id:digits}", operation_id="delete_telemetry", responses=problems(404))
async def delete_telemetry(
    caller: Reader,
    device_id: DeviceId,
    history: HistoryDep,
    clock: ClockDep,
    request_id: RequestId,
    body: DeletionBody | None = None,
    start_time: QueryTime | None = None,
    stop_time: QueryTime | None = None,
) -> DeletionAnswer:
    """Delete a device's telemetry within a range. It is half open, and given either in the body or in the query."""
    start, stop = _deletion_range(body, start_time, stop_time)
    span = resolved_span(start, stop, clock.now(), ("query" if body is None else "body", "stop_time"))
    assert span.end is not None
    await history.delete(caller, device_id, span, request_id)
    return DeletionAnswer(device_id=device_id, start_time=span.start, stop_time=span.end)


@routes.get("/telemetry/status", operation_id="get_telemetry_status")
async def get_telemetry_status(_: Anyone, health: HealthDep) -> TelemetryStatus:
    """Ask whether the service takes telemetry."""
    found = await health.check()
    stores = {store.name: StoreAvailability.model_validate(store) for store in found.stores}
    return TelemetryStatus(status=found.verdict, stores=stores)


@routes.get("/telemetry/user/{user_id}", operation_id="list_telemetry_of_user", responses=problems(404))
async def list_telemetry_of_user(
    caller: AccountOrAdmin,
    user_id: AccountId,
    request: Request,
    feed: FeedDep,
    clock: ClockDep,
    start_time: QueryTime = "-24h",
    end_time: QueryTime | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> FeedAnswer:
    """List the records of all of a user's devices.

    The newest come first. A page also ends at 100,000 values or 8 MiB: follow `next_cursor` to its end.
    """
    page = open_page(
        f"telemetry of user {user_id}",
        request.query_params,
        {"start_time": "-24h", "end_time": None},
        DeviceRecordPosition,
        clock.now(),
    )
    after = FeedPosition(Millis(page.position.time), page.position.device_id) if page.position else None
    found = await feed.page(caller.user_id, user_id, page.span, limit, after)

    def tail(count: int) -> dict[str, object]:
        last = found.next if count == len(found.records) else _position(found.records[count - 1])
        cursor = page.cursor(DeviceRecordPosition(last.timestamp, last.device_id)) if last else None
        return {"count": count, "next_cursor": cursor}

    return await page_answer({"user_id": user_id}, "telemetry", found.records, _feed_record, tail)  # type: ignore[return-value]  # documented as FeedAnswer


def _deletion_range(body: DeletionBody | None, start: str | None, stop: str | None) -> tuple[str, str]:
    if body is not None:
        if start is not None or stop is not None:
            raise InvalidInput.at("query", message="give the range in the body or in the query, not in both")
        return body.start_time, body.stop_time
    if start is None or stop is None:
        missing = "start_time" if start is None else "stop_time"
        raise InvalidInput.at("query", missing, message="required, unless the body gives the range", kind="missing")
    return start, stop


def _names(fields: str | None) -> list[str] | None:
    if fields is None:
        return None
    names = list(dict.fromkeys(fields.split(",")))
    if len(names) > MAX_NAMES_PER_DEVICE:
        raise InvalidInput.at("query", "fields", message=f"a device has at most {MAX_NAMES_PER_DEVICE} names")
    for name in names:
        if error := name_error(name):
            raise InvalidInput.at("query", "fields", message=error)
    return names


def _record(record: StoredRecord) -> dict[str, object]:
    view: dict[str, object] = {"timestamp": format_rfc3339(record.timestamp), "measurements": record.values}
    if record.metadata is not None:
        view["metadata"] = msgspec.Raw(record.metadata)
    return view


def _feed_record(item: FeedRecord) -> dict[str, object]:
    return {"device_id": item.device_id, "device_name": item.device_name, **_record(item.record)}


def _position(item: FeedRecord) -> FeedPosition:
    return FeedPosition(item.record.timestamp, item.device_id)


def _window(found: WindowValue) -> dict[str, object]:
    return {"timestamp": format_rfc3339(found.start), "value": found.value, "count": found.count}
