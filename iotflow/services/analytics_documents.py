"""Summaries as JSON, as responses and reports hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from iotflow.domain.analytics import (
    AccountAnalytics,
    BusyDevice,
    DayActivity,
    DeviceAnalytics,
    DeviceCounts,
    FieldStatistics,
    GroupAnalytics,
    Percentiles,
)
from iotflow.domain.forecasts import HOUR_MS, Forecast
from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.times import Millis, TimeRange, format_rfc3339


def document_of_device(found: DeviceAnalytics) -> JsonObject:
    """Return a device's summary as JSON."""
    return {
        "device_id": found.device.id,
        "device_name": found.device.name,
        **_dump_time_range(found.time_range),
        "fields": {name: _dump_field(field) for name, field in found.fields.items()},
        "messages_per_day": _dump_days(found.days),
        "uptime": found.uptime,
    }


def document_of_group(found: GroupAnalytics) -> JsonObject:
    """Return a group's summary as JSON."""
    return {
        "group_id": found.group.id,
        "group_name": found.group.name,
        **_dump_time_range(found.time_range),
        "devices": _dump_counts(found.devices),
        "messages_per_day": _dump_days(found.days),
        "most_active_devices": _dump_busiest(found.busiest),
    }


def document_of_account(user_id: UUID, found: AccountAnalytics) -> JsonObject:
    """Return an account's summary as JSON."""
    return {
        "user_id": str(user_id),
        **_dump_time_range(found.time_range),
        "devices": _dump_counts(found.devices),
        "messages_per_day": _dump_days(found.days),
        "alerts_by_severity": {severity.value: count for severity, count in found.alerts.items()},
        "most_active_devices": _dump_busiest(found.busiest),
    }


def document_of_forecast(found: Forecast) -> JsonObject:
    """Return a forecast as JSON."""
    time_range, accuracy = found.history.time_range, found.accuracy
    return {
        "device_id": found.device.id,
        "device_name": found.device.name,
        "field": found.name,
        "method": found.history.method.value,
        "history": {**_dump_time_range(time_range), "hours": found.history.known_hours},
        "forecast": [
            {
                "timestamp": format_rfc3339(Millis((time_range.end or 0) + number * HOUR_MS)),
                "value": one.value,
                "lower_80": one.within_80.lower,
                "upper_80": one.within_80.upper,
                "lower_95": one.within_95.lower,
                "upper_95": one.within_95.upper,
            }
            for number, one in enumerate(found.predictions)
        ],
        "accuracy": None if accuracy is None else asdict(accuracy),
    }


def _dump_time_range(time_range: TimeRange) -> JsonObject:
    end = None if time_range.end is None else format_rfc3339(time_range.end)
    return {"start_time": format_rfc3339(time_range.start), "end_time": end}


def _dump_field(field: FieldStatistics) -> JsonObject:
    percentiles = field.percentiles or (None, None, None)
    return {
        "count": field.count,
        "mean": field.mean,
        "min": field.min,
        "max": field.max,
        "stddev": field.stddev,
        **dict(zip(Percentiles._fields, percentiles, strict=True)),
    }


def _dump_counts(devices: DeviceCounts) -> JsonObject:
    return {
        "total": sum(devices.by_status.values()),
        "by_status": {status.value: count for status, count in devices.by_status.items()},
        "by_type": [{"device_type": kind, "devices": count} for kind, count in devices.by_type.items()],
    }


def _dump_days(days: Mapping[Millis, DayActivity]) -> list[JsonValue]:
    return [
        {"day": format_rfc3339(day), "messages": one.submissions, "points": one.points} for day, one in days.items()
    ]


def _dump_busiest(devices: Sequence[BusyDevice]) -> list[JsonValue]:
    return [
        {"device_id": one.device_id, "device_name": one.name, "messages": one.submissions, "points": one.points}
        for one in devices
    ]
