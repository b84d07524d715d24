"""Routes that read, aggregate and delete telemetry."""

from functools import partial
from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from iotflow.api.aggregate_parameters import (
    AggregationParameter,
    MeasurementName,
    WindowParameter,
    parse_window_parameter,
)
from iotflow.api.auth import PublicContext, SelfOrAdminReadContext, UserOrDeviceReadContext, UserOrDeviceWriteContext
from iotflow.api.csv_responses import csv_of_records, csv_of_windows, wants_csv
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import Limit, Page, Time, open_page, resolve_range
from iotflow.api.parameters import AccountId, Cursor, DeviceId, NamesParameter, Order, join_repeated, parse_names
from iotflow.api.responses import json_response, list_response, page_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.fields import EndTime, StartTime, StopTime
from iotflow.api.schemas.health import StoreAvailability, TelemetryStatus
from iotflow.api.schemas.telemetry import (
    AggregateResult,
    LatestValues,
    TelemetryDelete,
    TelemetryDeleteResult,
    TelemetryRecordPage,
    UserRecordPage,
)
from iotflow.domain.devices import MAX_ID, DeviceSummary
from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import RecordPage, StoredRecord
from iotflow.domain.time_windows import parse_zone
from iotflow.domain.times import Millis, TimeRange, format_rfc3339
from iotflow.services.feed import FeedPosition, FeedRecord
from iotflow.services.telemetry_queries import WindowValue

router = api_router("Telemetry")


HISTORY_DEFAULTS = {"start_time": "-1h", "end_time": None, "fields": None, "order": "desc"}


class RecordPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cursor's position: after the record with this time."""

    time: Time


class DeviceRecordPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cursor's position: after the record with this time and device."""

    time: Time
    device_id: Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]


@router.get(
    "/telemetry/{device_id:digits}",
    operation_id="get_telemetry",
    response_model=TelemetryRecordPage,
    responses=problem_responses(404),
)
async def get_telemetry(
    context: UserOrDeviceReadContext,
    device_id: DeviceId,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    start_time: StartTime = "-1h",
    end_time: EndTime | None = None,
    fields: NamesParameter | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Maximum records per page.")] = 1_000,
    cursor: Cursor = None,
    order: Order = "desc",
) -> Response:
    """List a device's records within a time range.

    A page also ends at 100,000 values or 8 MiB, never within a record: follow `next_cursor` until it is null.
    `Accept: text/csv` returns CSV: the column `timestamp` and one of each name (of `fields`, or all of the device's),
    no metadata; the header `Link` has the next page.
    """
    query = join_repeated(request.query_params)
    page = open_page(f"telemetry of device {device_id}", query, HISTORY_DEFAULTS, RecordPosition, clock.now())
    names = parse_names(page.query["fields"])
    found = await services.telemetry_queries.records(
        context,
        device_id,
        page.time_range,
        descending=page.query["order"] == "desc",
        limit=limit,
        after=Millis(page.position.time) if page.position else None,
        names=names,
    )
    next_cursor = partial(_cursor_after, page, found.page)
    if wants_csv(request):
        columns = names or await services.telemetry_queries.names(context, device_id, found.page.records)
        return await csv_of_records(request, columns, found.page.records, next_cursor)

    def tail(count: int) -> dict[str, object]:
        return {"count": count, "next_cursor": next_cursor(count)}

    head = {**_dump_device(found.device), **_dump_time_range(page.time_range)}
    return await page_response(head, "data", found.page.records, _dump_record, tail)


@router.get(
    "/telemetry/{device_id:digits}/latest",
    operation_id="get_latest_telemetry",
    response_model=LatestValues,
    responses=problem_responses(404),
)
async def get_latest_telemetry(
    context: UserOrDeviceReadContext, device_id: DeviceId, services: ServicesDep
) -> Response:
    """Get a device's latest values. Latest by event time: late data never replaces newer values."""
    result = await services.telemetry_queries.latest(context, device_id)
    # Most values have the same time.
    times = {time: format_rfc3339(time) for time in {found.timestamp for found in result.latest_values.values()}}
    body = {
        **_dump_device(result.device),
        "latest_data": {
            name: {"value": found.value, "timestamp": times[found.timestamp]}
            for name, found in result.latest_values.items()
        },
        "timestamp": times[max(times)],
        "cached": result.cached,
    }
    return json_response(body)


@router.get(
    "/telemetry/{device_id:digits}/aggregated",
    operation_id="aggregate_telemetry",
    response_model=AggregateResult,
    responses=problem_responses(404),
)
async def aggregate_telemetry(
    context: UserOrDeviceReadContext,
    device_id: DeviceId,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    field: MeasurementName,
    aggregation: AggregationParameter,
    window: WindowParameter,
    start_time: StartTime = "-24h",
    end_time: EndTime | None = None,
    timezone: Annotated[
        str, Query(description="IANA time zone; windows of days, weeks, months and years start at its midnights.")
    ] = "UTC",
) -> Response:
    """Aggregate a measurement by time window. Windows without values are omitted.

    `Accept: text/csv` returns CSV with the columns `timestamp`, `value` and `count`.
    """
    windows = parse_window_parameter(window)
    try:
        zone = parse_zone(timezone)
    except ValueError as error:
        raise InvalidInput.at("query", "timezone", message=str(error)) from None
    time_range = resolve_range(start_time, end_time, clock.now())
    values = await services.telemetry_queries.aggregate(
        context, device_id, field, aggregation, time_range, windows, zone
    )
    if wants_csv(request):
        return await csv_of_windows(values)
    head = {"device_id": device_id, "field": field, "aggregation": aggregation, "window": window}
    return await list_response(head, "data", values, _dump_window, {})


@router.delete("/telemetry/{device_id:digits}", operation_id="delete_telemetry", responses=problem_responses(404))
async def delete_telemetry(
    context: UserOrDeviceWriteContext,
    device_id: DeviceId,
    services: ServicesDep,
    clock: ClockDep,
    body: TelemetryDelete | None = None,
    start_time: StartTime | None = None,
    stop_time: StopTime | None = None,
) -> TelemetryDeleteResult:
    """Delete a device's telemetry within a time range. The half-open range is given in the body or in the query."""
    start, stop = _deletion_range(body, start_time, stop_time)
    time_range = resolve_range(start, stop, clock.now(), ("query" if body is None else "body", "stop_time"))
    assert time_range.end is not None
    await services.telemetry_queries.delete(context, device_id, time_range)
    return TelemetryDeleteResult(device_id=device_id, start_time=time_range.start, stop_time=time_range.end)


@router.get("/telemetry/status", operation_id="get_telemetry_status")
async def get_telemetry_status(context: PublicContext, services: ServicesDep) -> TelemetryStatus:
    """Check whether the service accepts telemetry."""
    found = await services.health.check()
    stores = {store.name: StoreAvailability.model_validate(store) for store in found.stores}
    return TelemetryStatus(status=found.verdict, stores=stores)


@router.get(
    "/telemetry/user/{user_id}",
    operation_id="list_telemetry_of_user",
    response_model=UserRecordPage,
    responses=problem_responses(404),
)
async def list_telemetry_of_user(
    context: SelfOrAdminReadContext,
    user_id: AccountId,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    start_time: StartTime = "-24h",
    end_time: EndTime | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List the records of all of a user's devices.

    The newest records come first. A page also ends at 100,000 values or 8 MiB: follow `next_cursor` until it is null.
    """
    page = open_page(
        f"telemetry of user {user_id}",
        request.query_params,
        {"start_time": "-24h", "end_time": None},
        DeviceRecordPosition,
        clock.now(),
    )
    after = FeedPosition(Millis(page.position.time), page.position.device_id) if page.position else None
    found = await services.feed.page(context, user_id, page.time_range, limit, after)

    def tail(count: int) -> dict[str, object]:
        last = found.next if count == len(found.records) else _feed_position(found.records[count - 1])
        cursor = page.cursor(DeviceRecordPosition(last.timestamp, last.device_id)) if last else None
        return {"count": count, "next_cursor": cursor}

    return await page_response({"user_id": user_id}, "telemetry", found.records, _dump_feed_record, tail)


def _cursor_after(page: Page[RecordPosition], found: RecordPage, count: int) -> str | None:
    """Return the cursor of the next page after the first `count` records of this one; None on the last page."""
    more = found.more or count < len(found.records)
    return page.cursor(RecordPosition(found.records[count - 1].timestamp)) if more else None


def _deletion_range(body: TelemetryDelete | None, start: str | None, stop: str | None) -> tuple[str, str]:
    """Return the range that the body or the query gives. Raises InvalidInput if both or neither do."""
    if body is not None:
        if start is not None or stop is not None:
            raise InvalidInput.at("query", message="give the range in the body or in the query, not in both")
        return body.start_time, body.stop_time
    if start is None or stop is None:
        missing = "start_time" if start is None else "stop_time"
        raise InvalidInput.at("query", missing, message="required, unless the body gives the range", kind="missing")
    return start, stop


def _dump_device(device: DeviceSummary) -> dict[str, object]:
    return {"device_id": device.id, "device_name": device.name, "device_type": device.device_type}


def _dump_time_range(time_range: TimeRange) -> dict[str, object]:
    end = None if time_range.end is None else format_rfc3339(time_range.end)
    return {"start_time": format_rfc3339(time_range.start), "end_time": end}


def _dump_record(record: StoredRecord) -> dict[str, object]:
    fields: dict[str, object] = {"timestamp": format_rfc3339(record.timestamp), "measurements": record.values}
    if record.metadata is not None:
        fields["metadata"] = msgspec.Raw(record.metadata)
    return fields


def _dump_feed_record(item: FeedRecord) -> dict[str, object]:
    return {"device_id": item.device_id, "device_name": item.device_name, **_dump_record(item.record)}


def _feed_position(item: FeedRecord) -> FeedPosition:
    return FeedPosition(item.record.timestamp, item.device_id)


def _dump_window(found: WindowValue) -> dict[str, object]:
    return {"timestamp": format_rfc3339(found.start), "value": found.value, "count": found.count}
