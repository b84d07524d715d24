"""Routes about reports."""

from uuid import UUID

import msgspec
from fastapi import Request

from iotflow.api.auth import UserReadContext, UserWriteContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import Limit, Time, open_page, resolve_range
from iotflow.api.parameters import Cursor, ReportId
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.reports import Report, ReportCreate, ReportList, ReportResponse
from iotflow.domain.reports import NewReport, ReportPosition
from iotflow.domain.times import Millis

router = api_router("Analytics")

DEFAULTS = dict.fromkeys(("start_time", "end_time"))
"""The parameters that a cursor fixes. Lists of reports have no time range, so that of the cursor is open."""


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cursor's position: after the report with this time and id."""

    time: Time
    id: UUID


@router.post("/analytics/reports", status_code=202, operation_id="create_report", responses=problem_responses(404, 409))
async def create_report(
    context: UserWriteContext, body: ReportCreate, services: ServicesDep, clock: ClockDep
) -> ReportResponse:
    """Request a report. It is computed in the background: poll it until its `status` is not `pending`.

    Relative times of the period are resolved now. The newest 100 reports of an account are kept.
    """
    period = resolve_range(body.period.start_time, body.period.end_time, clock.now(), ("body", "period", "end_time"))
    assert period.end is not None
    new = NewReport(body.report_type, body.device_id, body.group_id, period.start, period.end)
    return ReportResponse(report=Report.model_validate(await services.reports.create(context, new)))


@router.get("/analytics/reports", operation_id="list_reports")
async def list_reports(
    context: UserReadContext,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> ReportList:
    """List reports without their results, the newest first. Users see their own; administrators see all."""
    who = "an admin" if context.principal.is_admin else context.principal.user_id
    page = open_page(f"reports for {who}", request.query_params, DEFAULTS, Position, clock.now())
    after = ReportPosition(Millis(page.position.time), page.position.id) if page.position else None
    found = await services.reports.page(context, limit + 1, after)
    listed = found[:limit]
    more = len(found) > limit
    return ReportList(
        reports=[Report.model_validate(report) for report in listed],
        next_cursor=page.cursor(Position(listed[-1].created_at, listed[-1].id)) if more else None,
    )


@router.get("/analytics/reports/{report_id}", operation_id="get_report", responses=problem_responses(404))
async def get_report(context: UserReadContext, report_id: ReportId, services: ServicesDep) -> ReportResponse:
    """Get a report with its result."""
    return ReportResponse(report=Report.model_validate(await services.reports.get(context, report_id)))
