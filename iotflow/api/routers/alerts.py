"""Routes about alerts."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Request, Response

from iotflow.api.auth import UserReadContext, UserWriteContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import Limit, Page, Time, foreign_cursor, open_page
from iotflow.api.parameters import AlertId, Cursor
from iotflow.api.responses import list_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.alerts import Alert, AlertCreate, AlertList, AlertResponse
from iotflow.domain.alert_rules import Severity
from iotflow.domain.alerts import AlertFilter, AlertPosition, AlertStatus, AlertType
from iotflow.domain.devices import MAX_ID
from iotflow.domain.times import Millis
from iotflow.services.webhook_messages import alert_object

router = api_router("Alerts")

FILTERS = ("status", "severity", "alert_type", "device_id")
DEFAULTS = dict.fromkeys((*FILTERS, "start_time", "end_time"))
"""The parameters that a cursor fixes. Alerts have no time range, so that of the cursor is open."""


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cursor's position: after the alert with this time and id."""

    time: Time
    id: UUID


@router.get("/alerts", operation_id="list_alerts", response_model=AlertList)
async def list_alerts(
    context: UserReadContext,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    status: AlertStatus | None = None,
    severity: Severity | None = None,
    alert_type: AlertType | None = None,
    device_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only this device's alerts.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List alerts, the newest first. Users see the alerts of their devices; administrators see all.

    A page also ends at 1 MiB of `details`: follow `next_cursor` until it is null.
    """
    who = "an admin" if context.principal.is_admin else context.principal.user_id
    page = open_page(f"alerts for {who}", request.query_params, DEFAULTS, Position, clock.now())
    after = AlertPosition(Millis(page.position.time), page.position.id) if page.position else None
    found, more = await services.alerts.page(context, _filter(page), limit, after)
    next_cursor = page.cursor(Position(found[-1].created_at, found[-1].id)) if more else None
    return await list_response({}, "alerts", found, alert_object, {"next_cursor": next_cursor})


@router.post("/alerts", status_code=201, operation_id="create_alert", responses=problem_responses(404))
async def create_alert(context: UserWriteContext, body: AlertCreate, services: ServicesDep) -> AlertResponse:
    """Raise an alert about a device by hand."""
    alert = await services.alerts.create(context, body.new_alert())
    return AlertResponse(alert=Alert.model_validate(alert))


@router.get("/alerts/{alert_id}", operation_id="get_alert", responses=problem_responses(404))
async def get_alert(context: UserReadContext, alert_id: AlertId, services: ServicesDep) -> AlertResponse:
    """Get an alert."""
    return AlertResponse(alert=Alert.model_validate(await services.alerts.get(context, alert_id)))


@router.post("/alerts/{alert_id}/acknowledge", operation_id="acknowledge_alert", responses=problem_responses(404, 409))
async def acknowledge_alert(context: UserWriteContext, alert_id: AlertId, services: ServicesDep) -> AlertResponse:
    """Acknowledge an active alert."""
    return AlertResponse(alert=Alert.model_validate(await services.alerts.acknowledge(context, alert_id)))


@router.post("/alerts/{alert_id}/resolve", operation_id="resolve_alert", responses=problem_responses(404, 409))
async def resolve_alert(context: UserWriteContext, alert_id: AlertId, services: ServicesDep) -> AlertResponse:
    """Resolve an active or acknowledged alert. Its rule raises the next one after its condition has cleared."""
    return AlertResponse(alert=Alert.model_validate(await services.alerts.resolve(context, alert_id)))


def _filter(page: Page[Position]) -> AlertFilter:
    """Return the filter of a page. Raises InvalidInput for a cursor with values that the query would not accept."""
    status, severity, alert_type, device_id = (page.query[name] for name in FILTERS)
    try:
        where = AlertFilter(
            status=AlertStatus(status) if status else None,
            severity=Severity(severity) if severity else None,
            alert_type=AlertType(alert_type) if alert_type else None,
            device_id=int(device_id) if device_id else None,
        )
    except ValueError:
        raise foreign_cursor() from None
    if where.device_id is not None and not 1 <= where.device_id <= MAX_ID:
        raise foreign_cursor()
    return where
