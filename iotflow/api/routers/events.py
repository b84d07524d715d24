"""The route of the audit trail."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Request

from iotflow.api.auth import EventReadContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import Limit, Page, Time, foreign_cursor, open_page
from iotflow.api.parameters import UserReference, parse_user_reference
from iotflow.api.routing import api_router
from iotflow.api.schemas.events import Event, EventList
from iotflow.api.schemas.fields import EndTime, StartTime
from iotflow.domain.devices import MAX_ID
from iotflow.domain.events import EventFilter, EventPosition, EventType
from iotflow.domain.permissions import may_act_for
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis

router = api_router("Events")


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cursor's position: after the event with this time and id."""

    time: Time
    id: UUID


@router.get("/events", operation_id="list_events")
async def list_events(
    context: EventReadContext,
    request: Request,
    services: ServicesDep,
    clock: ClockDep,
    event_type: EventType | None = None,
    device_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only this device's events.")] = None,
    user_id: UserReference | None = None,
    start_time: StartTime | None = None,
    end_time: EndTime | None = None,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(description="The previous page's `next_cursor`.")] = None,
) -> EventList:
    """List events. An event is a change of an account, device, group, key or config, and its author.

    The newest events come first. Users see the events of their account; administrators see all.
    """
    parameters = ("event_type", "device_id", "user_id", "start_time", "end_time")
    page = open_page(
        f"events for {'an admin' if context.principal.is_admin else context.principal.user_id}",
        request.query_params,
        dict.fromkeys(parameters),
        Position,
        clock.now(),
    )
    where = _filter(page, context.principal)
    after = EventPosition(Millis(page.position.time), page.position.id) if page.position else None
    found = await services.audit_log.page(context, where, limit + 1, after)
    listed = found[:limit]
    more = len(found) > limit
    return EventList(
        events=[Event.model_validate(event) for event in listed],
        next_cursor=page.cursor(Position(listed[-1].timestamp, listed[-1].id)) if more else None,
    )


def _filter(page: Page[Position], caller: UserPrincipal) -> EventFilter:
    """Return the filter of a page. Raises InvalidInput for a cursor with values that the query would not accept."""
    chosen_user, chosen_device, chosen_type = (page.query[name] for name in ("user_id", "device_id", "event_type"))
    default_user = None if caller.is_admin else caller.user_id
    try:
        where = EventFilter(
            user_id=parse_user_reference(chosen_user, caller) if chosen_user else default_user,
            device_id=int(chosen_device) if chosen_device else None,
            event_type=EventType(chosen_type) if chosen_type else None,
            start=page.time_range.start,
            end=page.time_range.end,
        )
    except ValueError:
        raise foreign_cursor() from None
    if where.user_id is not None and not may_act_for(caller, where.user_id):
        raise foreign_cursor()
    if where.device_id is not None and not 1 <= where.device_id <= MAX_ID:
        raise foreign_cursor()
    return where
