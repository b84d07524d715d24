"""Routes about summaries of devices and accounts."""

from typing import Annotated

from fastapi import Query, Response

from iotflow.api.aggregate_parameters import MeasurementName
from iotflow.api.auth import SelfOrAdminReadContext, UserReadContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import resolve_range
from iotflow.api.parameters import AccountId, DeviceId
from iotflow.api.responses import json_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.analytics import (
    AccountAnalytics,
    DeviceAnalytics,
    DeviceForecast,
)
from iotflow.api.schemas.fields import EndTime, HistoryStart, StartTime
from iotflow.domain.forecasts import MAX_FORECAST_HOURS
from iotflow.domain.times import parse_query_time
from iotflow.services.analytics_documents import document_of_account, document_of_device, document_of_forecast

router = api_router("Analytics")


@router.get(
    "/analytics/devices/{device_id:digits}",
    operation_id="get_device_analytics",
    response_model=DeviceAnalytics,
    responses=problem_responses(404),
)
async def get_device_analytics(
    context: UserReadContext,
    device_id: DeviceId,
    services: ServicesDep,
    clock: ClockDep,
    start_time: StartTime = "-24h",
    end_time: EndTime | None = None,
) -> Response:
    """Summarize what a device measured and sent. The time range has at most 400 days.

    Statistics of each name with numbers, by event time; messages per day and uptime, by time of receipt. Booleans and
    texts are left out.
    """
    time_range = resolve_range(start_time, end_time, clock.now())
    found = await services.device_analytics.summarize(context, device_id, time_range)
    return json_response(document_of_device(found))


@router.get(
    "/analytics/devices/{device_id:digits}/forecast",
    operation_id="get_device_forecast",
    response_model=DeviceForecast,
    responses=problem_responses(404, 501),
)
async def get_device_forecast(
    context: UserReadContext,
    device_id: DeviceId,
    services: ServicesDep,
    clock: ClockDep,
    field: MeasurementName,
    hours: Annotated[int, Query(ge=1, le=MAX_FORECAST_HOURS, description="Hours to forecast.")] = 24,
    start_time: HistoryStart = "-14d",
) -> Response:
    """Forecast the hourly means of a measurement.

    From the current hour on, with intervals and a backtest. The history has at most 14 days; from three days on, the
    forecast has a daily season.
    """
    start = parse_query_time(start_time, clock.now())
    return json_response(
        document_of_forecast(await services.forecasts.forecast(context, device_id, field, start, hours))
    )


@router.get(
    "/analytics/users/{user_id}",
    operation_id="get_user_analytics",
    response_model=AccountAnalytics,
    responses=problem_responses(404),
)
async def get_user_analytics(
    context: SelfOrAdminReadContext,
    user_id: AccountId,
    services: ServicesDep,
    clock: ClockDep,
    start_time: StartTime = "-7d",
    end_time: EndTime | None = None,
) -> Response:
    """Summarize a user's devices, their activity and alerts. The time range has at most 31 days."""
    time_range = resolve_range(start_time, end_time, clock.now())
    found = await services.account_analytics.summarize(context, user_id, time_range)
    return json_response(document_of_account(user_id, found))
